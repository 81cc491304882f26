import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formFields } from '../../../src/lib/forms/model.ts';
import { parseForm } from '../../../src/lib/forms/parse.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { getAt, secretFields } from '../../../src/lib/schema/walk.ts';
import { anyText, seed, tries } from '../../security/measure.ts';
import { submit } from './support/submit.ts';

const runs = { numRuns: tries(300), seed };

/** A control, and values that a browser can send for it: a text field takes no line breaks, and an empty one is left out. */
interface Control {
  schema: JsonSchema;
  value: fc.Arbitrary<unknown>;
}

const line = anyText(40)
  .map((text) =>
    text
      .toWellFormed()
      .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
      .trim(),
  )
  .filter((text) => text !== '');
const controls: Record<string, Control> = {
  text: { schema: { type: 'string' }, value: line },
  secret: { schema: { type: 'string', 'x-secret': true }, value: line },
  choice: { schema: { type: 'string', enum: ['eu', 'us', '"<>&'] }, value: fc.constantFrom('eu', 'us', '"<>&') },
  whole: { schema: { type: 'integer' }, value: fc.integer() },
  // Greater ones stay text, so that nothing of them is lost.
  number: {
    schema: { type: 'number' },
    value: fc.double({ noNaN: true, min: -1e15, max: 1e15 }).filter((each) => !Object.is(each, -0)),
  },
  yes: { schema: { type: 'boolean' }, value: fc.boolean() },
};

const property = fc.tuple(fc.constantFrom(...Object.keys(controls)), fc.boolean()).chain(([kind, required]) => {
  const { schema, value } = controls[kind] as Control;
  return value.map((given) => ({ schema: { title: 'Field', ...schema } as JsonSchema, required, given }));
});
const names = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
const flat = fc.uniqueArray(fc.tuple(names, property), { selector: ([name]) => name, minLength: 1, maxLength: 6 });

type Properties = [string, { schema: JsonSchema; required: boolean; given: unknown }][];
const schemaOf = (properties: Properties): JsonSchema => ({
  type: 'object',
  title: 'Group',
  additionalProperties: false,
  properties: Object.fromEntries(properties.map(([name, { schema }]) => [name, schema])),
  required: properties.filter(([, { required }]) => required).map(([name]) => name),
});
const given = (properties: Properties) => Object.fromEntries(properties.map(([name, { given }]) => [name, given]));

it('whatever a form is given comes back from it', () => {
  fc.assert(
    fc.property(flat, flat, (outer, inner) => {
      const schema = schemaOf(outer as Properties);
      const [group, value] = [schemaOf(inner as Properties), given(outer as Properties)];
      Object.assign(schema.properties ?? {}, { nested_group: group });
      schema.required = [...(schema.required ?? []), 'nested_group'];
      Object.assign(value, { nested_group: given(inner as Properties) });
      const secrets = Object.fromEntries(
        secretFields(schema, value).map((path) => [`config.${path}`, String(getAt(value, path))]),
      );
      const sent = submit(formFields(schema, { prefix: 'config', idPrefix: 'f', value }), secrets);
      const { value: read, errors } = parseForm(schema, sent, 'config');
      expect(errors).toEqual({});
      expect(read).toEqual(value);
    }),
    runs,
  );
});

it('fields that the schema does not have are not taken, nor any that reach a prototype', () => {
  const schema = schemaOf([['name', { schema: { type: 'string', title: 'Name' }, required: false, given: '' }]]);
  const hostile = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'name.x', '~0', '0', '');
  const path = fc.array(fc.oneof(hostile, names), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(path, fc.string()), { selector: ([name]) => name, maxLength: 6 }), (fields) => {
      const sent = new URLSearchParams([['config.name', 'kept']]);
      for (const [name, text] of fields) sent.append(`config.${name}`, text);
      const { value } = parseForm(schema, sent, 'config');
      expect(Object.keys(value as object).filter((name) => name !== 'name')).toEqual([]);
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }),
    runs,
  );
});
