import type { JsonSchema } from '../schema/json-schema.ts';
import { isObject, variantIndex } from '../schema/shape.ts';
import { getAt } from '../schema/walk.ts';
import { baseOf } from './base.ts';
import { attachDependents } from './dependents.ts';
import type { Field, Option } from './field.ts';
import { groupFields, type Placed, pairHalves } from './groups.ts';
import { leafField } from './leaves.ts';
import { type Choice, choiceOf, kindOf, type Member, membersOf, type Seat, withoutTag } from './plan.ts';
import { aside, errorsAt, idOf, type Scope, typedAt } from './scope.ts';

/** The fields of an object in the order of the form: its own, grouped, then the choice among its variants. */
export function objectFields(schema: JsonSchema, seat: Seat, value: unknown, scope: Scope): Field[] {
  const placed = membersOf(schema, seat).flatMap((member): Placed[] => {
    const stored = isObject(value) ? getAt(value, member.key) : undefined;
    const field = memberField(member, stored, scope);
    return field ? [{ member, field, value: stored }] : [];
  });
  const own = groupFields(attachDependents(placed), seat, scope);
  return pairHalves([...own, ...choiceFields(schema, seat, value, scope)]);
}

function memberField(member: Member, value: unknown, scope: Scope): Field | undefined {
  if (kindOf(member.schema) !== 'group') return leafField(member, value, scope);
  const fields = objectFields(member.schema, member, value, scope);
  const [only, another] = fields;
  // A group that is nothing but a choice needs no second frame around it.
  if (only?.kind === 'one-of' && !another) return { ...only, label: member.schema.title ?? only.label };
  return { ...baseOf(member, scope), kind: 'group', fields, folds: false, open: true };
}

/** The picker with the fields of each variant; where there is but one, its fields and the tag that goes with them. */
function choiceFields(schema: JsonSchema, seat: Seat, value: unknown, scope: Scope): Field[] {
  const choice = choiceOf(schema, seat);
  if (!choice) return [];
  const chosen = chosenVariant(schema, choice, value, scope);
  const blocks = choice.variants.map((variant, index) => {
    const fields = withoutTag(variant.schema, choice.tag);
    const given = index === chosen ? value : undefined;
    return {
      token: String(index + 1),
      help: variant.schema.description ?? '',
      fields: objectFields(fields, variant, given, index === chosen ? scope : aside(scope)),
    };
  });
  const picker = pickerMember(schema, choice);
  const [only, another] = blocks;
  if (only && !another) return [hiddenTag(picker, choice, scope), ...only.fields];
  const errors = [...errorsAt(scope, choice.path), ...(seat.path ? errorsAt(scope, seat.path) : [])];
  const options = choice.variants.map((_, index) => optionOf(choice, index, chosen, scope));
  return [{ ...baseOf(picker, scope, { errors }), kind: 'one-of', options, variants: blocks }];
}

/** The first variant is offered first, unless something else is stored, typed or the default. */
function chosenVariant(schema: JsonSchema, choice: Choice, value: unknown, scope: Scope): number {
  const typed = typedAt(scope, choice.name)?.[0];
  const named = choice.variants.findIndex((variant) => String(variant.value) === typed);
  return [named, variantIndex(schema, value), variantIndex(schema, schema.default), 0].find((index) => index >= 0) ?? 0;
}

/** The picker as if it were an ordinary field: named after the tag, explained by the object. */
function pickerMember(schema: JsonSchema, choice: Choice): Member {
  const declared = [schema, ...choice.variants.map((variant) => variant.schema)];
  const title = declared.map((part) => part.properties?.[choice.tag]?.title).find(Boolean) ?? schema.title ?? 'Kind';
  return { key: choice.tag, name: choice.name, path: choice.path, required: false, schema: { ...schema, title } };
}

const hiddenTag = (picker: Member, choice: Choice, scope: Scope): Field => ({
  ...baseOf(picker, scope),
  kind: 'hidden',
  value: String(choice.variants[0]?.value),
});

const optionOf = (choice: Choice, index: number, chosen: number, scope: Scope): Option => {
  const variant = choice.variants[index];
  const value = String(variant?.value);
  return {
    id: `${idOf(scope, choice.name)}--${index}`,
    value,
    label: variant?.schema.title ?? value,
    chosen: index === chosen,
    shows: String(index + 1),
  };
};
