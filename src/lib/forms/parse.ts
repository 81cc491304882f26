import type { FieldErrors } from '../../errors.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isObject, isSecret } from '../schema/shape.ts';
import { parseControl, type Reading } from './controls.ts';
import {
  type Choice,
  choiceOf,
  clearNameOf,
  isShown,
  kindOf,
  type Member,
  membersOf,
  type Seat,
  type Variant,
  withoutTag,
} from './plan.ts';

export interface ParsedForm {
  /** Ready for the validator. A secret left blank is absent (keep it), one to be removed is null. */
  value: Record<string, unknown>;
  /** What the validator cannot see: JSON that does not parse, a field that was sent twice. */
  errors: FieldErrors;
  /** All that was typed, by the controls' names, so that it can be shown again; never a secret. */
  rawValues: RawValues;
}

export type RawValues = Record<string, string[]>;

/**
 * Reads a submitted form by its schema. Names that the schema does not know are ignored, as are fields of variants that
 * were not chosen and fields that their condition hides.
 * @param prefix the one that the form was rendered with
 */
export function parseForm(schema: JsonSchema, form: FormData | URLSearchParams, prefix: string): ParsedForm {
  const root = { name: prefix, path: prefix };
  const { value, errors } = readObject(schema, root, form);
  return { value, errors, rawValues: Object.fromEntries(typedIn(schema, root, form)) };
}

type Form = FormData | URLSearchParams;

interface ObjectReading {
  value: Record<string, unknown>;
  errors: FieldErrors;
}

function readObject(schema: JsonSchema, seat: Seat, form: Form): ObjectReading {
  const reading: ObjectReading = { value: {}, errors: {} };
  const members = new Map(membersOf(schema, seat).map((member) => [member.key, member]));
  for (const member of members.values()) {
    if (!shown(member, members, form)) continue;
    const { value, errors } = readMember(member, form);
    if (value !== undefined) reading.value[member.key] = value;
    Object.assign(reading.errors, errors);
  }
  const choice = choiceOf(schema, seat);
  if (choice) readChoice(choice, form, reading);
  return reading;
}

/** A field shows when its condition holds and the control that it depends on shows too; circles show. */
function shown(member: Member, members: Map<string, Member>, form: Form, above: Member[] = []): boolean {
  const control = members.get(member.schema['x-visible-when']?.field ?? '');
  if (!control || control === member || above.includes(control)) return true;
  const holds = isShown(member.schema, () => readMember(control, form).value ?? control.schema.default);
  return holds && shown(control, members, form, [...above, member]);
}

function readMember(member: Member, form: Form): Reading {
  const { schema, name, path } = member;
  switch (kindOf(schema)) {
    case 'computed':
      return {};
    case 'hidden':
      return member.required || form.has(name) ? { value: schema.const } : {};
    case 'group':
      return readGroup(member, form);
    default:
      return parseControl(member, entriesOf(form, name), form.has(clearNameOf(name)), path);
  }
}

/** An optional group that was left alone is absent, even when a control in it has a default. */
function readGroup(member: Member, form: Form): Reading {
  const { value, errors } = readObject(member.schema, member, form);
  if (member.required || Object.keys(errors).length) return { value, errors };
  if (!Object.keys(value).length) return {};
  const incomplete = member.schema.required?.some((key) => value[key] === undefined);
  return incomplete && isUntouched(member.schema, value) ? {} : { value, errors };
}

function isUntouched(schema: JsonSchema, value: Record<string, unknown>): boolean {
  return Object.entries(value).every(([key, child]) => {
    const field = schema.properties?.[key];
    if (isObject(child)) return field !== undefined && isUntouched(field, child);
    return child === (field?.default ?? false);
  });
}

function readChoice(choice: Choice, form: Form, into: ObjectReading): void {
  const picked = entriesOf(form, choice.name);
  const variant = pickVariant(choice, picked);
  if (picked.length > 1) into.errors[choice.path] = ['This choice was sent more than once. Choose one.'];
  if (!variant) {
    if (picked[0]) into.value[choice.tag] = picked[0];
    return;
  }
  const { value, errors } = readObject(withoutTag(variant.schema, choice.tag), variant, form);
  Object.assign(into.value, { [choice.tag]: variant.value }, value);
  Object.assign(into.errors, errors);
}

/** The variant that was picked; the only one needs no picking. */
function pickVariant(choice: Choice, picked: string[]): Variant | undefined {
  const [only, another] = choice.variants;
  return only && !another ? only : choice.variants.find(({ value }) => String(value) === picked[0]);
}

/** Text entries only: an uploaded file under a field's name counts as nothing. Line ends become LF. */
const entriesOf = (form: Form, name: string): string[] =>
  form
    .getAll(name)
    .filter((entry) => typeof entry === 'string')
    .map((entry) => entry.replace(/\r\n?/g, '\n'));

/** The schema's names with what was typed under them, in all variants, without secrets. */
function typedIn(schema: JsonSchema, seat: Seat, form: Form): [string, string[]][] {
  const own = membersOf(schema, seat).flatMap((member): [string, string[]][] => {
    if (kindOf(member.schema) === 'group') return typedIn(member.schema, member, form);
    if (isSecret(member.schema)) return typed(clearNameOf(member.name), form);
    return typed(member.name, form);
  });
  const choice = choiceOf(schema, seat);
  if (!choice) return own;
  const inVariants = choice.variants.flatMap((variant) =>
    typedIn(withoutTag(variant.schema, choice.tag), variant, form),
  );
  return [...own, ...typed(choice.name, form), ...inVariants];
}

const typed = (name: string, form: Form): [string, string[]][] =>
  form.has(name) ? [[name, entriesOf(form, name)]] : [];
