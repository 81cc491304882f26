import { foreignLimits, readForeign } from '../../lib/schema/foreign-lint.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';

type Values = Record<string, unknown>;

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const isFlag = (value: unknown) => typeof value === 'boolean';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const anything = () => true;

/** What may stand in a schema, and how it has to look to mean anything; everything else is left out. */
const words: Record<string, (value: unknown) => boolean> = {
  type: (value) => isText(value) || (isTexts(value) && (value as string[]).length > 0),
  title: isText,
  description: isText,
  format: isText,
  pattern: isText,
  default: anything,
  const: anything,
  enum: (value) => Array.isArray(value) && value.length > 0,
  required: isTexts,
  $ref: isText,
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  multipleOf: (value) => isNumber(value) && (value as number) > 0,
  minLength: isNumber,
  maxLength: isNumber,
  minItems: isNumber,
  maxItems: isNumber,
  minProperties: isNumber,
  maxProperties: isNumber,
  uniqueItems: isFlag,
  readOnly: isFlag,
  deprecated: isFlag,
};
const inside = ['items', 'additionalProperties', 'propertyNames', 'not'];
const lists = ['oneOf', 'anyOf', 'allOf', 'prefixItems'];
const maps = ['properties', 'patternProperties', '$defs', 'definitions'];

const typeNames = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

/** A NUL, or half of a surrogate pair, as JSON writes them. */
const unstorable = /\\u(0000|d[89a-f])/;

class TooDeep extends Error {}

/**
 * A schema that Composio sent, as one that may be shown, compiled and given to language models.
 * @returns the reason, as a sentence, when it cannot be
 */
export function readSchema(given: unknown): { schema: JsonSchema } | { reason: string } {
  if (given === undefined || given === null) return { schema: { type: 'object' } };
  if (!isMap(given)) return { reason: 'it is no object.' };
  try {
    const schema = cleaned(given, 0) as Values;
    if (schema.type === undefined) schema.type = 'object';
    if (schema.type !== 'object') return { reason: 'it does not describe an object.' };
    const text = JSON.stringify(schema);
    if (unstorable.test(text)) return { reason: 'it holds characters that nothing can store.' };
    const read = readForeign(text);
    return 'reasons' in read ? { reason: read.reasons[0] ?? 'it is refused.' } : { schema: schema as JsonSchema };
  } catch (error) {
    if (error instanceof TooDeep) return { reason: `it is nested more than ${foreignLimits.depth} deep.` };
    throw error;
  }
}

function cleaned(given: unknown, depth: number): unknown {
  if (depth > foreignLimits.depth + 1) throw new TooDeep();
  if (!isMap(given)) return typeof given === 'boolean' ? given : {};
  const schema: Values = {};
  for (const [word, fits] of Object.entries(words))
    if (Object.hasOwn(given, word) && fits(given[word])) schema[word] = given[word];
  for (const word of inside)
    if (isMap(given[word]) || isFlag(given[word])) schema[word] = cleaned(given[word], depth + 1);
  for (const word of lists)
    if (Array.isArray(given[word]) && given[word].length)
      schema[word] = given[word].map((each) => cleaned(each, depth + 1));
  for (const word of maps) if (isMap(given[word])) schema[word] = cleanedMap(given[word], depth);
  return typed(schema);
}

/** Names that would reach a prototype stay, for the lint to refuse. */
const cleanedMap = (given: Values, depth: number): Values =>
  Object.fromEntries(Object.entries(given).map(([name, child]) => [name, cleaned(child, depth + 1)]));

/** A type that JSON does not have says nothing; a list that names some of them keeps those. */
function typed(schema: Values): Values {
  const { type, ...rest } = schema;
  if (type === undefined) return schema;
  const known = [type].flat().filter((name) => typeNames.includes(String(name)));
  if (!known.length) return rest;
  return { ...schema, type: Array.isArray(type) ? [...new Set(known)] : type };
}
