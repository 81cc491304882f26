import type { ErrorObject } from 'ajv';
import type { JsonSchema } from './json-schema.ts';
import { isSecret, tagValues } from './shape.ts';

type Params = Record<string, unknown>;
type Sentence = (params: Params, schema: JsonSchema, data: unknown) => string;

export const requiredMessage = 'This field is required.';

/** A sentence for one Ajv error (made with `verbose`). It never repeats what was entered, apart from a field's name. */
export function messageOf(error: ErrorObject): string {
  const sentence = sentences[error.keyword];
  return sentence?.(error.params, error.parentSchema as JsonSchema, error.data) ?? 'This value is not allowed here.';
}

/** Which error to tell first when one field has several: the most telling one. */
export const rankOf = (keyword: string): number => {
  const rank = ranking.indexOf(keyword);
  return rank < 0 ? ranking.length : rank;
};

const sentences: Record<string, Sentence> = {
  required: () => requiredMessage,
  dependentRequired: ({ property }) => `This field is required when “${brief(property)}” is set.`,
  discriminator: (_params, schema) => choose(tagValues(schema)),
  enum: (_params, schema) => choose(schema.enum ?? []),
  const: (_params, schema) => `This must be ${quote(schema.const)}.`,
  type: ({ type }) => [type].flat().map((name) => typeSentences[String(name)] ?? `Enter a ${name}.`)[0] ?? '',
  minLength: ({ limit }) =>
    limit === 1 ? 'Enter something, or leave this field out.' : `Use at least ${limit} characters.`,
  maxLength: ({ limit }, schema, data) =>
    `Use at most ${plural(limit, 'character')}${isSecret(schema) ? '' : `; this has ${lengthOf(data)}`}.`,
  pattern: (_params, schema) => hinted(schema['x-pattern-hint']) ?? unlike(schema['x-placeholder']),
  format: ({ format }) => formatSentences[String(format)] ?? `Enter a valid ${format}.`,
  minimum: (_params, schema) => range(schema),
  maximum: (_params, schema) => range(schema),
  exclusiveMinimum: ({ limit }) => `Enter a number above ${limit}.`,
  exclusiveMaximum: ({ limit }) => `Enter a number below ${limit}.`,
  multipleOf: ({ multipleOf }) => `Enter a multiple of ${multipleOf}.`,
  minItems: ({ limit }) => `Add at least ${plural(limit, 'entry')}.`,
  maxItems: ({ limit }, _schema, data) =>
    `Use at most ${plural(limit, 'entry')}; these are ${Array.isArray(data) ? data.length : 'more'}.`,
  uniqueItems: ({ i, j }) =>
    `Name each entry once; entries ${Math.min(Number(i), Number(j)) + 1} and ${Math.max(Number(i), Number(j)) + 1} are the same.`,
  minProperties: ({ limit }) => `Add at least ${plural(limit, 'entry')}.`,
  maxProperties: ({ limit }) => `Use at most ${plural(limit, 'entry')}.`,
  additionalProperties: ({ additionalProperty }) => `Unknown field “${brief(additionalProperty)}”.`,
  unevaluatedProperties: ({ unevaluatedProperty }) => `Unknown field “${brief(unevaluatedProperty)}”.`,
  propertyNames: ({ propertyName }) => `“${brief(propertyName)}” cannot be used as a name here.`,
  oneOf: () => 'This fits none of the allowed forms.',
  anyOf: () => 'This fits none of the allowed forms.',
};

const ranking = [
  'discriminator',
  'required',
  'dependentRequired',
  'type',
  'const',
  'enum',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
  'minLength',
  'format',
];

const typeSentences: Record<string, string> = {
  string: 'Enter text.',
  number: 'Enter a number.',
  integer: 'Enter a whole number.',
  boolean: 'Enter true or false.',
  array: 'Enter a list.',
  object: 'Enter a group of fields.',
  null: 'Leave this empty.',
};

const formatSentences: Record<string, string> = {
  uri: 'Enter a full address, such as https://example.com.',
  email: 'Enter an e-mail address, such as ada@example.com.',
  hostname: 'Enter a host name, such as db.example.com.',
  ipv4: 'Enter an IPv4 address, such as 203.0.113.7.',
  ipv6: 'Enter an IPv6 address, such as 2001:db8::7.',
  uuid: 'Enter a UUID, such as 123e4567-e89b-42d3-a456-426614174000.',
  date: 'Enter a date, such as 2026-11-30.',
  time: 'Enter a time with its zone, such as 14:30:00Z.',
  'date-time': 'Enter a date and time with its zone, such as 2026-11-30T14:30:00Z.',
  regex: 'Enter a regular expression.',
};

const quote = (value: unknown) => (typeof value === 'string' ? `“${value}”` : String(value));
const choose = (values: unknown[]) => `Choose one of: ${values.map(quote).join(', ')}.`;
const plural = (limit: unknown, noun: 'character' | 'entry') =>
  limit === 1 ? `one ${noun}` : `${limit} ${noun === 'entry' ? 'entries' : 'characters'}`;

/** Characters as people count them, near enough: code points, as `maxLength` does. */
const lengthOf = (data: unknown) => (typeof data === 'string' ? [...data].length : 'more');

function range({ minimum, maximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return `Enter a number from ${minimum} to ${maximum}.`;
  return minimum !== undefined ? `Enter ${minimum} or more.` : `Enter ${maximum} or less.`;
}

/** A hint is a whole sentence, or what follows "Must". */
function hinted(hint: string | undefined): string | undefined {
  if (!hint) return undefined;
  const sentence = /^\p{Ll}/u.test(hint) ? `Must ${hint}` : hint;
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

const unlike = (example: string | undefined) =>
  example ? `This does not have the expected form, such as “${example}”.` : 'This does not have the expected form.';

/** A foreign name, short enough for a sentence and without characters that could disturb it. */
export const brief = (name: unknown): string => {
  const text = String(name).replace(/[\p{Cc}\p{Cf}]/gu, '�');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
