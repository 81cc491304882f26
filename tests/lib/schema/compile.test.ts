import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { letsGo } from '../../support/let-go.ts';
import { controls, controlsValue, methods } from '../forms/support/samples.ts';

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
});

describe('paths', () => {
  const check = compileSchema(
    object(
      {
        a: { type: 'string' },
        b: object({ c: { type: 'string' } }, { required: ['c'] }),
        d: { type: 'array', items: { type: 'integer' } },
      },
      { required: ['a'] },
    ),
    { prefix: 'config' },
  );

  it('are dotted, from the prefix to the field', () => {
    expect(check({ b: {}, d: [1, 'x'] })).toEqual({
      'config.a': ['This field is required.'],
      'config.b.c': ['This field is required.'],
      'config.d.1': ['Enter a whole number.'],
    });
  });

  it('name an unknown field itself', () => {
    expect(check({ a: 'x', extra: 1 })).toEqual({ 'config.extra': ['Unknown field “extra”.'] });
  });

  it('have no dot in front without a prefix', () => {
    expect(compileSchema(controls)({ ...controlsValue, tls: { nam: 'x' } })).toEqual({
      'tls.nam': ['Unknown field “nam”.'],
    });
  });

  it('point at the whole when there is nothing, or no object', () => {
    expect(check(undefined)).toEqual({ config: ['This field is required.'] });
    expect(check('text')).toEqual({ config: ['Enter a group of fields.'] });
  });
});

describe('required texts', () => {
  const check = compileSchema(
    object({ a: { type: 'string', minLength: 3, format: 'uri' }, b: { type: 'string' } }, { required: ['a'] }),
  );

  it.each(['', '   ', '\t\n', ' '])('count %j as missing', (a) => {
    expect(check({ a })).toEqual({ a: ['This field is required.'] });
  });

  it('may be blank when they are optional', () => {
    expect(check({ a: 'https://a', b: ' ' })).toEqual({});
  });

  it('are found inside the chosen variant', () => {
    const auth = compileSchema(methods, { prefix: 'auth' });
    const proof = { kind: 'name', name: ' ' };
    expect(auth({ method: 'signed', client_id: 'x', proof })).toEqual({
      'auth.proof.name': ['This field is required.'],
    });
  });
});

describe('variants', () => {
  const check = compileSchema(methods, { prefix: 'auth' });
  const choices = ['Choose one of: “oauth2”, “signed”, “none”.'];

  it.each([{}, { method: 'magic' }, { method: 7 }, { method: null, client_id: 3 }])(
    'ask once for the choice: %j',
    (value) => {
      expect(check(value)).toEqual({ 'auth.method': choices });
    },
  );

  it('are judged alone', () => {
    expect(check({ method: 'oauth2', client_id: 'ab', client_secret: 'x', proof: {} })).toEqual({
      'auth.client_id': ['Use at least 4 characters.'],
      'auth.proof': ['Unknown field “proof”.'],
    });
  });

  it('nest', () => {
    expect(check({ method: 'signed', client_id: 'x', proof: { kind: 'other' } })).toEqual({
      'auth.proof.kind': ['Choose one of: “key”, “name”.'],
    });
    expect(check({ method: 'signed', client_id: 'x', proof: { kind: 'key' } })).toEqual({
      'auth.proof.key': ['This field is required.'],
    });
  });

  it('take what is valid', () => {
    expect(check({ method: 'none' })).toEqual({});
  });

  it('obey conditions of their own', () => {
    const conditional: JsonSchema = object(
      { mode: { type: 'string', enum: ['a', 'b'] }, key: { type: 'string' } },
      {
        if: { properties: { mode: { const: 'b' } }, required: ['mode'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ['key'] },
      },
    );
    expect(compileSchema(conditional)({ mode: 'b' })).toEqual({ key: ['This field is required.'] });
  });
});

describe('hostile input', () => {
  const check = compileSchema(object({ a: { type: 'string', maxLength: 5 } }));

  it('treats prototype names as unknown fields and pollutes nothing', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const errors = check(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{}},"toString":1}'));
    expect(Object.entries(errors)).toEqual([
      ['__proto__', ['Unknown field “__proto__”.']],
      ['constructor', ['Unknown field “constructor”.']],
      ['toString', ['Unknown field “toString”.']],
    ]);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('does not take an inherited property for a given one', () => {
    const inherited = compileSchema(object({ toString: { type: 'string' } }, { required: ['toString'] }));
    expect(inherited({})).toEqual({ toString: ['This field is required.'] });
  });

  it('shortens and cleans foreign names', () => {
    const errors = check({ [`x\n${'y'.repeat(1_000_000)}`]: 1 });
    expect(Object.keys(errors)[0]).toHaveLength(61);
    expect(Object.values(errors)).toEqual([[`Unknown field “x�${'y'.repeat(58)}…”.`]]);
  });

  it('counts a megabyte without echoing it', () => {
    expect(check({ a: 'x'.repeat(1_000_000) })).toEqual({ a: ['Use at most 5 characters; this has 1000000.'] });
  });
});

describe('schemas', () => {
  it('are compiled once', () => {
    const schema = object({ a: { type: 'string' } });
    compileSchema(schema);
    const started = performance.now();
    for (let round = 0; round < 1000; round++) compileSchema(schema);
    expect(performance.now() - started).toBeLessThan(100);
  });

  it('may not use unknown keywords', () => {
    expect(() => compileSchema(object({ a: { type: 'string', 'x-surprise': 1 } }))).toThrow(/x-surprise/);
    expect(() => compileSchema(object({ a: { type: 'string', minLenght: 1 } }))).toThrow(/minLenght/);
  });

  it('of ours accept their own samples', () => {
    expect(compileSchema(controls)(controlsValue)).toEqual({});
  });
});

it('keeps no value that did not fit, also where a schema refers to itself', async () => {
  const part = object({ password: { type: 'integer' }, next: { $ref: '#/$defs/part' } });
  const check = compileSchema({ ...part, $defs: { part } });
  const wrong = { password: ['Enter a whole number.'], 'next.password': ['Enter a whole number.'] };
  expect(await letsGo((value) => expect(check({ password: value, next: { password: value } })).toEqual(wrong))).toBe(
    true,
  );
});
