import { describe, expect, it } from 'vitest';
import { parseControl } from '../../../src/lib/forms/controls.ts';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import { isTooMuch, isTooMuchJson, ofArguments, unstorableTexts } from '../../../src/lib/schema/limits.ts';

const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('a value', () => {
  it('may be as large and as deep as anything of ours is', () => {
    expect(isTooMuch(nested(40))).toBe(false);
    expect(isTooMuch({ list: Array.from({ length: 4_999 }, () => 'x') })).toBe(false);
    expect(isTooMuch('x'.repeat(1_000_000))).toBe(false);
    expect(isTooMuch(undefined)).toBe(false);
  });

  it('is too much when it is deeper or holds more', () => {
    expect(isTooMuch(nested(41))).toBe(true);
    expect(isTooMuch(nested(150_000))).toBe(true);
    expect(isTooMuch({ list: Array.from({ length: 5_000 }, () => 'x') })).toBe(true);
    expect(isTooMuch(Array.from({ length: 100 }, () => Array.from({ length: 50 }, () => 1)))).toBe(true);
  });

  it('that is too much gets one message and not one for each of its parts', () => {
    const schema = { type: 'object', properties: { list: { type: 'array', items: { type: 'string' } } } };
    const started = performance.now();
    const errors = compileSchema(schema, { prefix: 'config' })({ list: Array.from({ length: 500_000 }, () => 1) });
    expect(Object.keys(errors)).toEqual(['config']);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('is judged the same as JSON, without parsing it', () => {
    const values = [
      nested(40),
      nested(41),
      { list: Array.from({ length: 4_999 }, () => 'x') },
      { a: ['",[{\\"', '\\'] },
    ];
    for (const value of values) expect(isTooMuchJson(JSON.stringify(value))).toBe(isTooMuch(value));
    expect(isTooMuchJson(JSON.stringify({ text: '"[{,'.repeat(100_000) }))).toBe(false);
    expect(isTooMuchJson(`{${Array.from({ length: 110_000 }, (_, n) => `"${n}":1`)}}`)).toBe(true);
    expect(isTooMuchJson('['.repeat(1_000_000))).toBe(true);
    for (const beside of ['{}', '[]', '{"a":[{}]}'])
      expect([beside, isTooMuchJson(`[${`${beside},`.repeat(100)}${beside}]`)]).toEqual([beside, false]);
    expect(isTooMuchJson(`[${'1,'.repeat(5_000)}1]`)).toBe(false);
    expect(isTooMuchJson(`[${'1,'.repeat(5_001)}1]`)).toBe(true);
    expect(isTooMuchJson(`[${'"[{\\\\",'.repeat(100)}1]`)).toBe(false);
    expect(isTooMuch([null, [null]])).toBe(false);
    for (const broken of ['', '"', '"\\', '}]}', '{"a":']) expect(isTooMuchJson(broken)).toBe(false);
  });

  it('may hold more where arguments of tools are meant, and a field of a form may not', () => {
    const listOf = (count: number) => ({ list: Array.from({ length: count }, () => 1) });
    const schema = { type: 'object', properties: { list: { type: 'array', items: { type: 'string' } } } };
    const judge = compileSchema(schema, { limit: ofArguments });
    expect(isTooMuch(listOf(99_999), ofArguments)).toBe(false);
    expect(isTooMuchJson(JSON.stringify(listOf(99_999)), ofArguments)).toBe(false);
    expect(isTooMuch(listOf(100_000), ofArguments)).toBe(true);
    expect(judge({ list: listOf(99_999).list.map(String) })).toEqual({});
    expect(Object.keys(judge(listOf(99_999)))).toEqual(['list.0']);
    expect(Object.keys(judge(listOf(20)))).toHaveLength(20);
    expect(judge(listOf(100_000))).toEqual({ '': [expect.stringMatching(/in parts.*100,000 values/)] });
    const field = { schema: { type: 'object' }, key: 'list', required: false } as unknown as Parameters<
      typeof parseControl
    >[0];
    const typed = parseControl(field, [JSON.stringify(listOf(5_100))], false, 'list');
    expect(typed.errors?.list?.[0]).toContain('at most 5000 values');
    expect(parseControl(field, [JSON.stringify(listOf(4_900))], false, 'list').errors).toBeUndefined();
  });

  it('tells where it holds text that cannot be saved', () => {
    expect(unstorableTexts({ a: 'fine ✓ 🙂', b: ['\0', { c: '\ud800' }], d: 1, e: null })).toEqual([
      ['b', '0'],
      ['b', '1', 'c'],
    ]);
    expect(unstorableTexts('\0')).toEqual([[]]);
    expect(unstorableTexts('fine')).toEqual([]);
    expect(unstorableTexts([['\0'], undefined, 7, { 'a.b': '\udc00' }])).toEqual([
      ['0', '0'],
      ['3', 'a.b'],
    ]);
    expect(unstorableTexts(Array.from({ length: 5_000 }, () => '\0'))).toHaveLength(100);
  });
});
