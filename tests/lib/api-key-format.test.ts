import { expect, it } from 'vitest';
import { hashApiKey, isApiKey, newApiKey, prefixOf } from '../../src/lib/api-key-format.ts';

it('makes keys that are recognised, each another', () => {
  const keys = Array.from({ length: 200 }, newApiKey);
  expect(new Set(keys).size).toBe(200);
  expect(keys.filter((key) => !isApiKey(key) || !/^pbk_[0-9A-Za-z]{36}$/.test(key))).toEqual([]);
});

it('takes a key with any one character changed, cut or added for none', () => {
  const key = newApiKey();
  for (let at = 0; at < key.length; at++) {
    const other = key[at] === 'x' ? 'y' : 'x';
    expect(isApiKey(key.slice(0, at) + other + key.slice(at + 1)), `changed at ${at}`).toBe(false);
    expect(isApiKey(key.slice(0, at)), `cut at ${at}`).toBe(false);
  }
  for (const wrong of [`${key}0`, ` ${key}`, key.toUpperCase(), '', 'pbk_']) expect(isApiKey(wrong)).toBe(false);
});

it('checks with the CRC-32 of the random part, in six base62 digits', () => {
  expect(isApiKey(`pbk_${'0'.repeat(30)}2C8GjS`)).toBe(true);
});

it('keeps a hash and a beginning that tells nothing of the rest', () => {
  const key = newApiKey();
  expect(hashApiKey(key)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashApiKey(key)).toBe(hashApiKey(key));
  expect(key.startsWith(prefixOf(key))).toBe(true);
  expect(prefixOf(key)).toHaveLength(10);
});
