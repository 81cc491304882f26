import type { FieldErrors } from '../../errors.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isTooMuchJson, tooMuch } from '../schema/limits.ts';
import { brief } from '../schema/messages.ts';
import { baseType, isSecret } from '../schema/shape.ts';
import { instantOf } from './instants.ts';
import { doubledKeyIn, jsonFaultAt } from './json-fault.ts';
import { asMeant } from './pasted.ts';
import { kindOf, type Member } from './plan.ts';

/** What one control said; without a value the field is absent. */
export interface Reading {
  value?: unknown;
  errors?: FieldErrors;
}

/**
 * Turns what was entered in one control into the field's value. What is not of the field's type stays the text it was, so
 * that the validator names the problem.
 * @param clear the "remove" box of a stored secret was ticked
 */
export function parseControl(member: Member, entries: string[], clear: boolean, path: string): Reading {
  const { schema } = member;
  const kind = kindOf(schema);
  if (kind === 'checklist') return parseChecklist(member, entries);
  if (entries.length > 1) return { errors: { [path]: ['This field was sent more than once. Enter it once.'] } };
  const text = entries[0] ?? '';
  if (isSecret(schema)) return text ? { value: asMeant(schema, text) } : clear ? { value: null } : {};
  switch (kind) {
    case 'checkbox':
      return { value: text === 'true' };
    case 'json':
      return parseJson(text, path);
    case 'lines':
      return parseLines(member, text);
    case 'select':
      return text ? { value: optionOf(schema, text) } : {};
    case 'number':
      return text.trim() ? { value: numberOf(text) } : {};
    default:
      return text.trim() ? { value: textOf(schema, text) } : {};
  }
}

/** Nothing ticked is an empty list where a list is needed or the default must be overruled, else it is absent. */
function parseChecklist(member: Member, entries: string[]): Reading {
  const items = member.schema.items ?? {};
  const ticked = [...new Set(entries)].map((entry) => optionOf(items, entry));
  return ticked.length || keepsEmpty(member) ? { value: ticked } : {};
}

function parseLines(member: Member, text: string): Reading {
  const numeric = baseType(member.schema.items ?? {}) !== 'string';
  const lines = text.split('\n').map((line) => line.trim());
  const value = lines.filter(Boolean).map((line) => (numeric ? numberOf(line) : line));
  return value.length || keepsEmpty(member) ? { value } : {};
}

const keepsEmpty = ({ required, schema }: Member) =>
  required || (Array.isArray(schema.default) && schema.default.length > 0);

function parseJson(text: string, path: string): Reading {
  if (!text.trim()) return {};
  if (isTooMuchJson(text)) return { errors: { [path]: [tooMuch] } };
  try {
    // A key that would reach a prototype is left out.
    const value = JSON.parse(text, (key, child) => (key === '__proto__' ? undefined : child));
    const doubled = doubledKeyIn(text);
    if (doubled === undefined) return { value };
    return { errors: { [path]: [`“${brief(doubled)}” stands here twice. Name each entry once.`] } };
  } catch {
    return { errors: { [path]: [`This is not valid JSON. ${placeOf(text)}`] } };
  }
}

function placeOf(text: string): string {
  const at = jsonFaultAt(text);
  if (at === text.length) return 'It ends too early: check that every bracket and quote is closed.';
  const before = text.slice(0, at).split('\n');
  return `Check line ${before.length}, position ${(before.at(-1)?.length ?? 0) + 1}.`;
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number as people write it; anything else, or one that would lose digits, stays text. */
function numberOf(text: string): number | string {
  const trimmed = text.trim();
  const number = Number(trimmed);
  const exact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return decimal.test(trimmed) && exact ? number : trimmed;
}

/** The choice with this text, with the type that it has in the schema. */
const optionOf = (schema: JsonSchema, text: string) => schema.enum?.find((option) => String(option) === text) ?? text;

/** Nobody means the spaces around a line, and nobody sees them; texts of several lines stay as they are. */
function textOf(schema: JsonSchema, text: string): string {
  const trimmed = text.trim();
  if (schema.format === 'date-time') return instantOf(trimmed);
  return schema['x-multiline'] || trimmed.includes('\n') ? text : trimmed;
}
