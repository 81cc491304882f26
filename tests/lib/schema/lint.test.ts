import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { lintSchema } from '../../../src/lib/schema/lint.ts';
import { controls, methods, single } from '../forms/support/samples.ts';

const withField = (name: string, field: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties: { [name]: { type: 'string', title: 'Title', ...field }, ...more.properties },
});

it.each([
  ['controls', controls],
  ['methods', methods],
  ['single', single],
])('finds nothing in %s', (_name, schema) => {
  expect(lintSchema(schema)).toEqual([]);
});

describe('a field', () => {
  it.each<[string, string, JsonSchema, string]>([
    ['an unknown keyword', 'a', { 'x-secrte': true }, 'a: unknown keyword x-secrte.'],
    ['no title', 'a', { title: undefined }, 'a: needs a title.'],
    ['a broken pattern', 'a', { pattern: '[a-' }, 'a: the pattern does not compile with the u flag.'],
    [
      'a pattern that only works without u',
      'a',
      { pattern: '\\-' },
      'a: the pattern does not compile with the u flag.',
    ],
    [
      'too few titles',
      'a',
      { enum: ['x', 'y'], 'x-enum-titles': ['X'] },
      'a: x-enum-titles must name each of the 2 choices.',
    ],
    ['titles without choices', 'a', { 'x-enum-titles': ['X'] }, 'a: x-enum-titles must name each of the 0 choices.'],
    ['a script as help', 'a', { 'x-help-url': 'javascript:alert(1)' }, 'a: x-help-url must be an https address.'],
    ['a dotted name', 'a.b', {}, 'a.b: a name has letters, digits and _ only.'],
    ['a prototype name', 'constructor', {}, 'constructor: a name has letters, digits and _ only.'],
    [
      'a condition on nothing',
      'a',
      { 'x-visible-when': { field: 'b', equals: true } },
      'a: x-visible-when names the unknown field “b”.',
    ],
    ['a list without items', 'a', { type: 'array' }, 'a: needs items.'],
    ['an open group', 'a', { type: 'object', properties: {} }, 'a: needs additionalProperties: false.'],
  ])('with %s is told', (_name, key, field, finding) => {
    expect(lintSchema(withField(key, field))).toEqual([finding]);
  });

  it.each([
    'token',
    'access_token',
    'secret',
    'client_secret',
    'password',
    'api_key',
    'apikey',
    'private_key',
    'passphrase',
    'bot_token',
    'passwd',
    'privatekey',
    'secretkey',
    'access_key',
    'accesskey',
    'credential',
    'credentials',
    'aws_secret_key',
  ])('named %s must say whether it is secret', (name) => {
    expect(lintSchema(withField(name, {}))).toEqual([`${name}: looks like a secret; say "x-secret": true or false.`]);
    expect(lintSchema(withField(name, { 'x-secret': true }))).toEqual([]);
    expect(lintSchema(withField(name, { 'x-secret': false }))).toEqual([]);
    expect(lintSchema(withField(name, { writeOnly: true }))).toEqual([]);
  });

  it.each<[string, JsonSchema]>([
    ['a number', { type: 'integer' }],
    ['a choice', { enum: ['a', 'b'] }],
    ['a constant', { const: 'a' }],
    ['a group', { type: 'object', additionalProperties: false }],
  ])('that is %s is no secret, whatever its name', (_what, field) => {
    expect(lintSchema(withField('token', field))).toEqual([]);
  });

  it.each(['xhttps://example.com', 'https://exa mple.com', 'http://example.com', 'https://'])(
    'has no help at %s',
    (url) => {
      expect(lintSchema(withField('a', { 'x-help-url': url }))).toEqual(['a: x-help-url must be an https address.']);
      expect(lintSchema(withField('a', { 'x-help-url': 'https://example.com/a' }))).toEqual([]);
    },
  );

  it.each(['token_url', 'secretary', 'keyboard', 'password_policy', 'key_id'])('named %s is no secret', (name) => {
    expect(lintSchema(withField(name, {}))).toEqual([]);
  });
});

describe('secrets without a path of their own', () => {
  it('are refused below lists', () => {
    const items = {
      type: 'object',
      title: 'Pair',
      additionalProperties: false,
      properties: { value: { type: 'string', title: 'V', 'x-secret': true } },
    };
    expect(lintSchema(withField('list', { type: 'array', items }))).toEqual([
      'list.items.value: no x-secret here; a secret needs a path of its own.',
    ]);
    expect(lintSchema(withField('list', { type: 'array', items: { type: 'string', 'x-secret': true } }))).toEqual([
      'list.items: no x-secret here; a secret needs a path of its own.',
    ]);
  });

  const hidden = { type: 'string', title: 'Code', 'x-secret': true };
  it.each<[string, object]>([
    ['$defs.at.code', { $defs: { at: { type: 'object', properties: { code: hidden } } } }],
    ['patternProperties.^x', { patternProperties: { '^x': hidden } }],
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    ['then.code', { then: { properties: { code: hidden } } }],
    ['additionalProperties.a.b', { additionalProperties: { properties: { a: { properties: { b: hidden } } } } }],
  ])('are refused at %s', (path, part) => {
    const schema = { type: 'object', additionalProperties: false, properties: {}, ...part };
    expect(lintSchema(schema)).toEqual([`${path}: no x-secret here; a secret needs a path of its own.`]);
  });

  it('may be spoken about where they are declared', () => {
    const condition = { properties: { code: { const: 'x' } } };
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    const more = { if: condition, then: { properties: { api_key: { type: 'string', minLength: 9 } } } };
    const properties = { code: hidden, api_key: { ...hidden, title: 'Key' } };
    expect(lintSchema({ type: 'object', additionalProperties: false, properties, ...more })).toEqual([]);
  });

  it('are refused in maps', () => {
    expect(
      lintSchema(withField('map', { type: 'object', additionalProperties: { type: 'string', 'x-secret': true } })),
    ).toEqual(['map.additionalProperties: no x-secret here; a secret needs a path of its own.']);
  });
});

it('what the hub computes needs a path of its own too', () => {
  const items = { type: 'string', title: 'Address', 'x-readonly': true };
  const finding = (path: string) => [`${path}: no x-readonly here; what the hub computes needs a path of its own.`];
  expect(lintSchema(withField('list', { type: 'array', items }))).toEqual(finding('list.items'));
  expect(lintSchema(withField('map', { type: 'object', additionalProperties: items }))).toEqual(
    finding('map.additionalProperties'),
  );
});

describe('conditions', () => {
  const choice = {
    properties: { mode: { type: 'string', title: 'Mode', enum: ['x', 'y'] }, name: { type: 'string', title: 'Name' } },
  };

  it('wait for something possible', () => {
    expect(lintSchema(withField('a', { 'x-visible-when': { field: 'mode', equals: ['x', 'z'] } }, choice))).toEqual([
      'a: x-visible-when waits for "z", which “mode” never is.',
    ]);
  });

  it('may not go round in circles', () => {
    const when = (field: string): JsonSchema => ({
      type: 'boolean',
      title: 'Box',
      'x-visible-when': { field, equals: true },
    });
    const circle = {
      type: 'object',
      additionalProperties: false,
      properties: { a: when('b'), b: when('a'), c: when('a') },
    };
    expect(lintSchema(circle)).toEqual(['a: x-visible-when waits for itself.', 'b: x-visible-when waits for itself.']);
    expect(lintSchema(withField('a', when('a')))).toEqual(['a: x-visible-when waits for itself.']);
  });

  it('need a control with few values', () => {
    expect(lintSchema(withField('a', { 'x-visible-when': { field: 'name', equals: 'x' } }, choice))).toEqual([
      'a: x-visible-when needs a checkbox or a choice, “name” is neither.',
    ]);
  });
});

describe('objects', () => {
  it('need additionalProperties: false at the root too', () => {
    expect(lintSchema({ type: 'object', properties: {} })).toEqual(['(root): needs additionalProperties: false.']);
  });

  it('need a way to tell variants apart, and names for them', () => {
    const variant = { type: 'object', additionalProperties: false, properties: { a: { type: 'string', title: 'A' } } };
    expect(lintSchema({ type: 'object', oneOf: [variant, variant] })).toEqual([
      '(root): oneOf needs a discriminator, or a constant that all variants have.',
      '~0: needs a title; it names the choice.',
      '~1: needs a title; it names the choice.',
    ]);
  });

  it('require only fields that exist', () => {
    expect(lintSchema({ type: 'object', additionalProperties: false, properties: {}, required: ['nmae'] })).toEqual([
      '(root): requires the unknown field “nmae”.',
    ]);
  });

  it('must be objects', () => {
    expect(lintSchema({ type: 'string' })).toEqual(['(root): must be an object schema.']);
  });
});

describe('outside of fields', () => {
  const field = { type: 'string', title: 'Field' };
  const withPart = (part: object) => ({ type: 'object', additionalProperties: false, properties: { field }, ...part });

  it.each<[part: object, finding: string]>([
    [{ $defs: { place: { ...field, 'x-hint': 1 } } }, '$defs.place: unknown keyword x-hint.'],
    [{ allOf: [{ properties: { city: { ...field, 'x-hint': 1 } } }] }, 'allOf.0.city: unknown keyword x-hint.'],
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    [{ then: { properties: { api_key: field } } }, 'then.api_key: looks like a secret; say "x-secret": true or false.'],
    [
      { properties: { map: { type: 'object', title: 'Map', additionalProperties: { ...field, 'x-hint': 1 } } } },
      'map.additionalProperties: unknown keyword x-hint.',
    ],
  ])('finds what is wrong: %j', (part, finding) => {
    expect(lintSchema(withPart(part))).toContain(finding);
  });

  it.each('$defs definitions patternProperties allOf anyOf dependentSchemas prefixItems'.split(' '))(
    'looks into each part of %s',
    (word) => {
      const parts = { one: field, two: { ...field, 'x-hint': 1 } };
      expect(lintSchema(withPart({ [word]: parts }))).toEqual([`${word}.two: unknown keyword x-hint.`]);
      expect(
        lintSchema(
          withPart({
            properties: { group: { title: 'Group', additionalProperties: false, type: 'object', [word]: parts } },
          }),
        ),
      ).toEqual([`group.${word}.two: unknown keyword x-hint.`]);
    },
  );

  it.each('additionalProperties if then else not'.split(' '))('looks into %s', (word) => {
    expect(lintSchema(withPart({ unevaluatedProperties: false, [word]: { ...field, 'x-hint': 1 } }))).toEqual([
      `${word}: unknown keyword x-hint.`,
    ]);
    expect(lintSchema(withPart({ unevaluatedProperties: false, [word]: true }))).toEqual([]);
  });

  it('finds secrets in lists and variants there, also where a definition has the name of a condition', () => {
    const code = { ...field, 'x-secret': true };
    const found = (path: string) => [`${path}: no x-secret here; a secret needs a path of its own.`];
    expect(lintSchema(withPart({ $defs: { a: { items: code } } }))).toEqual(found('$defs.a.items'));
    expect(lintSchema(withPart({ $defs: { a: { oneOf: [{ properties: { code } }] } } }))).toEqual(
      found('$defs.a.0.code'),
    );
    const declared = { properties: { code }, $defs: { not: { properties: { code } } } };
    expect(lintSchema(withPart(declared))).toEqual(found('$defs.not.code'));
  });
});

it('a choice of groups is linted like groups', () => {
  const variant = (name: string, more: JsonSchema = {}): JsonSchema => ({
    title: name,
    properties: { kind: { const: name }, [name]: { type: 'string', title: 'Name' } },
    ...more,
  });
  const choice = (required: string[], ...oneOf: JsonSchema[]): JsonSchema => ({ type: 'object', required, oneOf });
  const closed = { additionalProperties: false };
  expect(lintSchema(choice(['kind'], variant('a', closed), variant('b', closed)))).toEqual([]);
  expect(lintSchema(choice(['kind', 'a'], variant('a', closed), variant('b', closed)))).toEqual([
    '(root): requires the unknown field “a”.',
  ]);
  expect(lintSchema(choice(['kind'], variant('a', closed), variant('b')))).toEqual([
    '~1: needs additionalProperties: false.',
  ]);
  const inner = { ...choice([], variant('a', closed), variant('b')), title: 'Inner' };
  expect(lintSchema(withField('group', inner))).toEqual(['group.~1: needs additionalProperties: false.']);
  const map = { type: 'object', title: 'Map', additionalProperties: null } as unknown as JsonSchema;
  expect(lintSchema(withField('map', map))).toEqual(['map: needs additionalProperties: false.']);
});

it('entries of lists need no title of their own, and those of groups do', () => {
  expect(lintSchema(withField('list', { type: 'array', items: { type: 'string' } }))).toEqual([]);
  const group = { type: 'object', additionalProperties: false, properties: {} };
  expect(lintSchema(withField('list', { type: 'array', items: group }))).toEqual(['list.items: needs a title.']);
});
