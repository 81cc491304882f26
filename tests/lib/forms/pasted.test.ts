import { expect, it } from 'vitest';
import { asMeant } from '../../../src/lib/forms/pasted.ts';

const token = { type: 'string', pattern: '^sk-[a-z]+$' } as const;

it.each([
  'sk-abc',
  ' sk-abc ',
  'sk-abc\n',
  'Bearer sk-abc',
  'Authorization: Bearer sk-abc',
  'token  sk-abc',
  '"sk-abc"',
  '"Bearer sk-abc"',
])('takes the token out of %j', (text) => {
  expect(asMeant(token, text)).toBe('sk-abc');
});

it('leaves alone what is no token even so, for the message to say, and passwords', () => {
  expect(asMeant(token, ' Bearer ghp_x ')).toBe(' Bearer ghp_x ');
  expect(asMeant({ type: 'string', pattern: '^.*$' }, ' Bearer x ')).toBe('Bearer x');
  expect(asMeant({ type: 'string' }, ' "x" ')).toBe(' "x" ');
});
