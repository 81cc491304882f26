import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isObject } from '../schema/shape.ts';
import type { Field, GroupField } from './field.ts';
import type { Member, Seat } from './plan.ts';
import { idOf, type Scope } from './scope.ts';

/** A field with where it comes from. */
export interface Placed {
  member: Member;
  field: Field;
  value: unknown;
}

const folding = 'Advanced';

/** Puts fields with the same `x-group` under one heading, where the first of them stands; "Advanced" comes last and folds. */
export function groupFields(placed: Placed[], seat: Seat, scope: Scope): Field[] {
  const headings = [...new Set(placed.map(({ member }) => member.schema['x-group']))];
  const inOrder = [
    ...headings.filter((heading) => heading !== folding),
    ...headings.filter((heading) => heading === folding),
  ];
  const ungrouped = placed.filter(({ member }) => !member.schema['x-group']).map(({ field }) => field);
  const groups = inOrder
    .filter((heading) => heading !== undefined)
    .map((heading) =>
      groupOf(
        heading,
        placed.filter(({ member }) => member.schema['x-group'] === heading),
        seat,
        scope,
      ),
    );
  return [...ungrouped, ...groups];
}

function groupOf(heading: string, members: Placed[], seat: Seat, scope: Scope): GroupField {
  const name = seat.name ? `${seat.name}.@${heading}` : `@${heading}`;
  const fields = pairHalves(members.map(({ field }) => field));
  const folds = heading === folding;
  return {
    kind: 'group',
    id: idOf(scope, name),
    name: '',
    path: '',
    label: heading,
    required: false,
    help: '',
    helpUrl: '',
    warning: '',
    errors: [],
    describedBy: '',
    dependents: [],
    half: false,
    fields,
    folds,
    open: folds ? fields.some(hasErrors) || members.some((member) => isTouched(member, scope)) : true,
  };
}

/** True when the field or one inside it has an error. */
const hasErrors = (field: Field): boolean => field.errors.length > 0 || childrenOf(field).some(hasErrors);

/** The fields inside a field, in the order of the page. */
export function childrenOf(field: Field): Field[] {
  const inside =
    field.kind === 'group'
      ? field.fields
      : field.kind === 'one-of'
        ? field.variants.flatMap(({ fields }) => fields)
        : [];
  return [...inside, ...field.dependents.flatMap(({ fields }) => fields)];
}

/** True when something else than the default is set in it. */
const isTouched = ({ member, value }: Placed, scope: Scope): boolean =>
  differs(member.schema, value) ||
  [...scope.saved].some((path) => path === member.path || path.startsWith(`${member.path}.`));

function differs(schema: JsonSchema, value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false)
    return schema.default === true && value === false;
  if (isDeepStrictEqual(value, schema.default)) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (!isObject(value)) return true;
  return Object.entries(value).some(([key, child]) => differs(schema.properties?.[key] ?? {}, child));
}

/** Short fields stand side by side in twos; one that is left over takes the whole line. */
export function pairHalves(fields: Field[]): Field[] {
  const paired = [...fields];
  for (let index = 0; index < paired.length; index++) {
    const field = paired[index];
    if (!field?.half) continue;
    if (paired[index + 1]?.half) index++;
    else paired[index] = { ...field, half: false };
  }
  return paired;
}
