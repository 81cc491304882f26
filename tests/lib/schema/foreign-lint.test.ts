import { describe, expect, it } from 'vitest';
import { foreignLimits, readForeign } from '../../../src/lib/schema/foreign-lint.ts';

const reasonsOf = (schema: unknown): string[] => {
  const read = readForeign(JSON.stringify(schema));
  return 'reasons' in read ? read.reasons : [];
};
const list = (length: number, make: (index: number) => unknown = (index) => index) =>
  Array.from({ length }, (_, index) => make(index));
const map = (count: number, make: (index: number) => unknown = () => ({})) =>
  Object.fromEntries(list(count, (index) => [`p${index}`, make(index)]) as [string, unknown][]);

describe('what is read', () => {
  it('is JSON of an object or a boolean, up to 64 KB', () => {
    for (const schema of [true, false, {}, { type: 'object' }])
      expect(readForeign(JSON.stringify(schema))).toEqual({ schema });
    for (const none of ['null', '[]', '7', '"text"'])
      expect(readForeign(none)).toEqual({ reasons: ['A schema is an object.'] });
    expect(readForeign('{')).toEqual({ reasons: ['The schema is no JSON.'] });
    const sized = (bytes: number) => JSON.stringify({ title: 'é'.repeat((bytes - 12) / 2) });
    expect(Buffer.byteLength(sized(65_536))).toBe(65_536);
    expect(readForeign(sized(65_536))).toHaveProperty('schema');
    expect(readForeign(sized(65_538))).toEqual({ reasons: ['The schema has more than 64 KB.'] });
  });

  it('has schemas in all places of schemas, and booleans as well', () => {
    for (const word of [
      ...[
        'items',
        'additionalProperties',
        'unevaluatedProperties',
        'unevaluatedItems',
        'propertyNames',
        'contains',
        'not',
      ],
      ...['if', 'then', 'else'],
    ]) {
      expect([word, reasonsOf({ [word]: 7 })]).toEqual([word, [`${word}: a schema is an object.`]]);
      expect([word, reasonsOf({ [word]: { links: [] } })]).toEqual([word, [`${word}: links is not allowed.`]]);
      expect([word, reasonsOf({ [word]: false })]).toEqual([word, []]);
    }
    for (const word of ['oneOf', 'anyOf', 'allOf', 'prefixItems']) {
      expect([word, reasonsOf({ [word]: [{}, { links: [] }] })]).toEqual([word, [`${word}.1: links is not allowed.`]]);
      expect([word, reasonsOf({ [word]: { links: [] } })]).toEqual([word, []]);
    }
    for (const word of ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']) {
      expect([word, reasonsOf({ [word]: { a: {}, b: { links: [] } } })]).toEqual([word, ['b: links is not allowed.']]);
      expect([word, reasonsOf({ [word]: ['links'] })]).toEqual([word, []]);
    }
    expect(reasonsOf({ properties: { a: { items: { anyOf: [[]] } } } })).toEqual([
      'a.items.anyOf.0: a schema is an object.',
    ]);
    expect(reasonsOf({ enum: [{ links: 1 }], const: { links: 1 }, default: { links: 1 } })).toEqual([]);
  });

  it('names at most ten problems, and the beginning of a long place', () => {
    expect(reasonsOf({ properties: map(20, () => ({ links: [] })) })).toHaveLength(10);
    expect(reasonsOf({ properties: { ['x'.repeat(300)]: 7 } })).toEqual([`${'x'.repeat(120)}: a schema is an object.`]);
  });
});

describe('what is refused', () => {
  it.each(
    '$id id $anchor $dynamicRef $dynamicAnchor $recursiveRef links options template headerTemplate watch'.split(' '),
  )('the word %s, also with nothing behind it', (word) => {
    expect(reasonsOf({ [word]: null })).toEqual([`(root): ${word} is not allowed.`]);
    expect(reasonsOf({ properties: { [word]: {} } })).toEqual([]);
  });

  it('values taken from data', () => {
    expect(reasonsOf({ maxLength: { $data: '1/a' } })).toEqual(['(root): $data is not allowed (maxLength).']);
    expect(reasonsOf({ ['x'.repeat(60)]: { $data: 1 } })).toEqual([
      `(root): $data is not allowed (${'x'.repeat(40)}).`,
    ]);
    expect(reasonsOf({ title: '$data', const: null })).toEqual([]);
  });

  it('more than 200 choices', () => {
    expect(reasonsOf({ enum: list(200) })).toEqual([]);
    expect(reasonsOf({ enum: list(201) })).toEqual(['(root): enum has more than 200 values.']);
    expect(reasonsOf({ enum: 'x'.repeat(201) })).toEqual([]);
  });

  it('comparing more than 200 items with each other', () => {
    const reason = ['(root): uniqueItems needs maxItems of at most 200.'];
    expect(reasonsOf({ uniqueItems: true, maxItems: 200 })).toEqual([]);
    expect(reasonsOf({ uniqueItems: false })).toEqual([]);
    for (const maxItems of [201, undefined, 'many']) expect(reasonsOf({ uniqueItems: true, maxItems })).toEqual(reason);
  });

  it('patterns of more than 256 characters, as names too', () => {
    const reason = ['(root): a pattern has more than 256 characters.'];
    expect(reasonsOf({ pattern: 'a'.repeat(256), patternProperties: { ['a'.repeat(256)]: {} } })).toEqual([]);
    expect(reasonsOf({ pattern: 'a'.repeat(257) })).toEqual(reason);
    expect(reasonsOf({ patternProperties: { ['a'.repeat(257)]: {} } })).toEqual(reason);
    expect(reasonsOf({ pattern: list(300), properties: { ['a'.repeat(257)]: {} } })).toEqual([]);
  });

  it('more than eight variants at a place, and more than 32 in all', () => {
    const variants = (count: number) => list(count, () => ({}));
    expect(reasonsOf({ oneOf: variants(8) })).toEqual([]);
    expect(reasonsOf({ oneOf: variants(9) })).toEqual(['(root): oneOf has too many parts.']);
    const four = { oneOf: variants(8), anyOf: variants(8), allOf: variants(8), prefixItems: variants(8) };
    expect(reasonsOf(four)).toEqual([]);
    expect(reasonsOf({ ...four, items: { oneOf: variants(1) } })).toEqual(['items: oneOf has too many parts.']);
  });

  it('more than a hundred properties in all', () => {
    expect(reasonsOf({ properties: map(60), $defs: map(40) })).toEqual([]);
    expect(reasonsOf({ properties: map(60), $defs: map(41) })[0]).toBe('(root): it has more than 100 properties.');
    expect(reasonsOf({ properties: map(50, (index) => ({ properties: map(index < 25 ? 2 : 0) })) })).toEqual([]);
  });

  it('more than six levels', () => {
    const deep = (levels: number): unknown => (levels ? { items: deep(levels - 1) } : {});
    expect(reasonsOf(deep(foreignLimits.depth))).toEqual([]);
    expect(reasonsOf(deep(foreignLimits.depth + 1))).toEqual([
      'items.items.items.items.items.items.items: it is nested more than 6 deep.',
    ]);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('the name %s', (name) => {
    const reason = ['(root): a name in it would reach a prototype.'];
    for (const word of ['properties', '$defs', 'patternProperties', 'dependentSchemas'])
      expect(reasonsOf(JSON.parse(`{"${word}":{"a":{},"${name}":{}}}`))).toEqual(reason);
  });
});

describe('a reference', () => {
  const astray = (path = '(root)') => [`${path}: $ref must lead to a part of this schema.`];
  const to = ($ref: unknown, more: object = {}) =>
    reasonsOf({ properties: { a: { $ref } }, $defs: { b: {}, 'c/d~e': {} }, ...more });

  it('leads to a part of the same schema', () => {
    for (const ref of ['#', '#/$defs/b', '#/$defs/c~1d~0e']) expect([ref, to(ref)]).toEqual([ref, []]);
    expect(to('#/$defs/on', { $defs: { on: true } })).toEqual([]);
  });

  it('leads nowhere else', () => {
    for (const ref of [
      ...[
        '',
        'b',
        '/$defs/b',
        '#b',
        'x#/$defs/b',
        'https://example.com/#/$defs/b',
        '#/$defs/none',
        '#/$defs/b/c',
        '#/$defs',
      ],
      ...['#/$defs/toString', '#/$defs/c/d~e', 7, null, {}, `#/$defs/${'b'.repeat(300)}`, '#/properties'],
    ])
      expect([ref, to(ref)]).toEqual([ref, astray('a')]);
    const far = 'b'.repeat(293);
    expect(to(`#/$defs/${far.slice(1)}`, { $defs: { [far.slice(1)]: {} } })).toEqual([]);
    expect(to(`#/$defs/${far}`, { $defs: { [far]: {} } })).toEqual(astray('a'));
    expect(to('#/x-mine', { 'x-mine': {} })).toEqual(astray('a'));
    expect(to('#/default', { default: {} })).toEqual(astray('a'));
  });

  it('comes to an end', () => {
    const round = ['a: $ref goes round in a circle.'];
    expect(to('#/properties/a')).toEqual(round);
    const $defs = { b: { $ref: '#/$defs/c' }, c: { $ref: '#/$defs/d' }, d: {} };
    expect(to('#/$defs/b', { $defs })).toEqual([]);
    expect(to('#/$defs/b', { $defs: { ...$defs, d: { $ref: '#/$defs/b' } } })).toContain(round[0]);
    expect(to('#/$defs/b', { $defs: { ...$defs, d: { $ref: '#/nothing' } } })).toContain(astray('a')[0]);
  });

  it('is one of a hundred at most', () => {
    const many = (count: number) => ({
      properties: map(50, () => ({ $ref: '#/$defs/b', items: { $ref: '#/$defs/b' } })),
      $defs: { b: {} },
      ...(count > 100 && { $ref: '#/$defs/b' }),
    });
    expect(reasonsOf(many(100))).toEqual([]);
    expect(reasonsOf(many(101))).toHaveLength(1);
    expect(reasonsOf(many(101))[0]).toMatch(/: it has too many references\.$/);
  });
});
