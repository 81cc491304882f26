import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
});

/** The message for one field with this value. */
function messageFor(field: JsonSchema, value: unknown): string | undefined {
  const errors = compileSchema(object({ field }))({ field: value });
  const messages = Object.values(errors).flat();
  expect(messages.length).toBeLessThan(2);
  return messages[0];
}

describe('messages', () => {
  it.each<[string, JsonSchema, unknown, string]>([
    ['text', { type: 'string' }, 7, 'Enter text.'],
    ['a number', { type: 'number' }, 'seven', 'Enter a number.'],
    ['a whole number', { type: 'integer' }, 1.5, 'Enter a whole number.'],
    ['a boolean', { type: 'boolean' }, 'yes', 'Enter true or false.'],
    ['a list', { type: 'array', items: { type: 'string' } }, 'a', 'Enter a list.'],
    ['an object', { type: 'object', additionalProperties: false }, [], 'Enter a group of fields.'],
    ['either of two types', { type: ['string', 'null'] }, 7, 'Enter text.'],
    ['a blank optional text', { type: 'string', minLength: 1 }, '', 'Enter something, or leave this field out.'],
    ['a short text', { type: 'string', minLength: 8 }, 'short', 'Use at least 8 characters.'],
    ['a long text', { type: 'string', maxLength: 3 }, 'long', 'Use at most 3 characters; this has 4.'],
    ['a long emoji text', { type: 'string', maxLength: 3 }, '🙂🙂🙂🙂', 'Use at most 3 characters; this has 4.'],
    ['a text above one character', { type: 'string', maxLength: 1 }, 'ab', 'Use at most one character; this has 2.'],
    ['a long secret', { type: 'string', maxLength: 3, 'x-secret': true }, 'canary', 'Use at most 3 characters.'],
    ['a pattern', { type: 'string', pattern: '^a$' }, 'b', 'This does not have the expected form.'],
    [
      'a pattern with an example',
      { type: 'string', pattern: '^a$', 'x-placeholder': 'a' },
      'b',
      'This does not have the expected form, such as “a”.',
    ],
    [
      'a pattern with a hint',
      { type: 'string', pattern: '^a$', 'x-pattern-hint': 'be the letter a' },
      'b',
      'Must be the letter a.',
    ],
    ['a pattern with a sentence', { type: 'string', pattern: '^a$', 'x-pattern-hint': 'Write a.' }, 'b', 'Write a.'],
    [
      'an address',
      { type: 'string', format: 'uri' },
      'example.com',
      'Enter a full address, such as https://example.com.',
    ],
    ['an e-mail', { type: 'string', format: 'email' }, 'ada', 'Enter an e-mail address, such as ada@example.com.'],
    ['a date', { type: 'string', format: 'date' }, '31/12/2026', 'Enter a date, such as 2026-11-30.'],
    [
      'a time',
      { type: 'string', format: 'date-time' },
      'now',
      'Enter a date and time with its zone, such as 2026-11-30T14:30:00Z.',
    ],
    ['a least value', { type: 'number', minimum: 2 }, 1, 'Enter 2 or more.'],
    ['a greatest value', { type: 'number', maximum: 2 }, 3, 'Enter 2 or less.'],
    ['a range', { type: 'integer', minimum: 1, maximum: 9 }, 10, 'Enter a number from 1 to 9.'],
    ['an open range', { type: 'number', exclusiveMinimum: 0 }, 0, 'Enter a number above 0.'],
    ['an open range above', { type: 'number', exclusiveMaximum: 5 }, 5, 'Enter a number below 5.'],
    ['steps', { type: 'number', multipleOf: 5 }, 7, 'Enter a multiple of 5.'],
    ['a choice', { type: 'string', enum: ['a', 'b'] }, 'c', 'Choose one of: “a”, “b”.'],
    ['a constant', { type: 'string', const: 'a' }, 'b', 'This must be “a”.'],
    ['few entries', { type: 'array', items: { type: 'string' }, minItems: 1 }, [], 'Add at least one entry.'],
    [
      'many entries',
      { type: 'array', items: { type: 'string' }, maxItems: 2 },
      ['a', 'b', 'c'],
      'Use at most 2 entries; these are 3.',
    ],
    [
      'the same entry twice',
      { type: 'array', items: { type: 'string' }, uniqueItems: true },
      ['a', 'b', 'a'],
      'Name each entry once; entries 1 and 3 are the same.',
    ],
    [
      'few names',
      { type: 'object', minProperties: 2, additionalProperties: { type: 'string' } },
      { a: 'b' },
      'Add at least 2 entries.',
    ],
    [
      'many names',
      { type: 'object', maxProperties: 1, additionalProperties: { type: 'string' } },
      { a: '', b: '' },
      'Use at most one entry.',
    ],
    [
      'a wrong name',
      { type: 'object', propertyNames: { pattern: '^[a-z]+$' } },
      { 'A b': 1 },
      '“A b” cannot be used as a name here.',
    ],
    [
      'an unknown format of entry',
      { anyOf: [{ type: 'string' }, { type: 'number' }] },
      true,
      'This fits none of the allowed forms.',
    ],
  ])('asks for %s', (_name, field, value, message) => {
    expect(messageFor(field, value)).toBe(message);
  });

  it('tells one message a field, the most telling one', () => {
    const field: JsonSchema = {
      type: 'string',
      format: 'uri',
      minLength: 20,
      pattern: '^https://',
      'x-pattern-hint': 'start with https://',
    };
    expect(messageFor(field, 'ftp')).toBe('Must start with https://.');
  });

  it('never repeats a secret', () => {
    const rules: JsonSchema[] = [
      { maxLength: 3 },
      { minLength: 99 },
      { pattern: '^x$' },
      { format: 'uri' },
      { enum: ['a'] },
      { const: 'a' },
    ];
    for (const rule of rules)
      expect(messageFor({ type: 'string', 'x-secret': true, ...rule }, 'canary-4711')).not.toContain('canary');
  });
});
