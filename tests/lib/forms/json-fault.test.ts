import { describe, expect, it } from 'vitest';
import { doubledKeyIn, jsonFaultAt } from '../../../src/lib/forms/json-fault.ts';

const texts = ['{"a": [1, -2.5e+3, true, null], "b": {"c": "d\\n\\u00e9"}}', ' [ ] ', '"text"', '{}', '0'];

describe('jsonFaultAt', () => {
  it.each(texts)('finds no fault in %j', (text) => {
    expect(jsonFaultAt(text)).toBe(text.length);
  });

  it.each([
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['[1 2]', 3],
    ['[1,]', 3],
    ['{"a":1}]', 7],
    ['[}', 1],
    ['{"a":1 "b":2}', 7],
    ['TRUE', 0],
    ['01', 0],
    ['"a\nb"', 0],
    ['nullx', 0],
    ["{'a': 1}", 1],
  ])('finds the first fault in %j', (text, at) => {
    expect(jsonFaultAt(text)).toBe(at);
  });

  it('agrees with the engine for every text with one character less', () => {
    for (const text of texts)
      for (let cut = 0; cut < text.length; cut++) {
        const damaged = text.slice(0, cut) + text.slice(cut + 1);
        const endsEarly = /^\s*$|[{[,:]\s*$/.test(damaged) || balance(damaged) > 0;
        if (isJson(damaged)) expect(jsonFaultAt(damaged), damaged).toBe(damaged.length);
        else if (!endsEarly) expect(jsonFaultAt(damaged), damaged).toBeLessThan(damaged.length);
      }
  });

  it('copes with deep and long texts', () => {
    expect(jsonFaultAt('['.repeat(100_000))).toBe(100_000);
    expect(jsonFaultAt(`${'['.repeat(100_000)}x`)).toBe(100_000);
    expect(jsonFaultAt(`[${'1 ,'.repeat(100_000)}]`)).toBe(300_001);
  });
});

const balance = (text: string) => text.replace(/[^{[]/g, '').length - text.replace(/[^}\]]/g, '').length;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('doubledKeyIn', () => {
  it.each([
    ['{"a": 1, "b": {"a": 1}, "c": ["a", "a", {"a": "a"}]}', undefined],
    ['{"a": 1, "a": 2}', 'a'],
    ['[{"x": {"\\u0061": "{", "a": ":"}}]', 'a'],
    ['"text"', undefined],
  ])('in %s is %s', (text, key) => {
    expect(doubledKeyIn(text)).toBe(key);
  });
});
