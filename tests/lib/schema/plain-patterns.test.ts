import { expect, it } from 'vitest';
import { whyNotPlain } from '../../../src/lib/schema/plain-patterns.ts';

it.each<[pattern: string, maxLength?: number]>([
  ['^$'],
  ['^abc$'],
  ['^[a-z0-9-]{1,64}$'],
  ['^[a-z]+\\.[a-z]{2,6}$', 1_000],
  ['^\\(\\|\\)\\+$'],
  ['^[(|+*]$'],
  ['^[^\\]]+$'],
  ['^a+$'],
  ['^a{1,141}b{1,141}$'],
  ['^a{20000}$'],
  ['^a{5}b{6}c{7}d{20000}$'],
  ['^a?b?c?d?e?f?g?h?i?j?k?l?m?n?$'],
  ['^a+$', 20_000],
  ['^a{3,}$', 20_000],
  ['^line\nline$'],
])('%j may judge a field', (pattern, maxLength) => expect(whyNotPlain(pattern, maxLength)).toBeNull());

const open = 'has to begin with ^ and end with $';
const grouped = 'may have no groups and no |; list what is allowed as enum';
const often = 'repeats too much in a row; give repetitions an end such as {1,64}, or lower maxLength';
const broken = 'does not compile with the u flag';

it.each<[pattern: string, why: string, maxLength?: number]>([
  ['', open],
  ['abc', open],
  ['^abc', open],
  ['abc$', open],
  [' ^abc$', open],
  ['^abc$ ', open],
  ['^[a$', broken],
  ['^\\-$', broken],
  ['^(a)$', grouped],
  ['^a|b$', grouped],
  ['^(?=a)a$', grouped],
  ['^[(]|a$', grouped],
  ['^\\k<a>(?<a>b)$', grouped],
  ['^\\0\\1$', broken],
  ['^a{1,142}b{1,142}$', often],
  ['^a+b+$', often],
  ['^a*b*$', often],
  ['^a*b{2,}$', often],
  ['^a+b{0,4}$', often],
  ['^a?b?c?d?e?f?g?h?i?j?k?l?m?n?o?$', often],
  ['^a+$', often, 20_001],
  ['^a*$', often, 20_001],
  ['^a{3,}$', often, 20_001],
  ['^a{0,20000}$', often],
])('%j may not: it %s', (pattern, why, maxLength) => expect(whyNotPlain(pattern, maxLength)).toBe(why));

it('counts repetitions without an end up to the length of the longest field', () => {
  expect(whyNotPlain('^a+b{0,3}$')).toBeNull();
  expect(whyNotPlain('^a+b+$', 141)).toBeNull();
  expect(whyNotPlain('^a+b+$', 142)).toBe(often);
});
