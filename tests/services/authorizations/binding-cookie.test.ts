import { expect, it } from 'vitest';
import { bindingCookie, fits, hashOf, newSecret } from '../../../src/services/authorizations/binding-cookie.ts';

const requestId = '01980000-0000-7000-8000-0123456789ab';

it('secrets have 256 bits, and only their hash is kept', () => {
  const secret = newSecret();
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(newSecret()).not.toBe(secret);
  expect(hashOf('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});

it('a secret fits its own hash and nothing else', () => {
  const secret = newSecret();
  expect(fits(secret, hashOf(secret))).toBe(true);
  for (const hash of [null, '', secret, hashOf(newSecret()), hashOf(secret).slice(1), `${hashOf(secret)}A`])
    expect(fits(secret, hash)).toBe(false);
  expect(fits('', hashOf(secret))).toBe(false);
  expect(fits('', null)).toBe(false);
});

it('the cookie stays with the hub, scripts do not see it, and TLS keeps it', () => {
  const plain = bindingCookie({ secure: false, basePath: '' }, requestId);
  expect(plain.issue('s', 660)).toBe('patchbay.connect-0123456789ab=s; Max-Age=660; Path=/; HttpOnly; SameSite=Lax');
  expect(plain.clear()).toBe('patchbay.connect-0123456789ab=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax');
  const secure = bindingCookie({ secure: true, basePath: '' }, requestId);
  expect(secure.issue('s', 660)).toBe(
    '__Host-patchbay.connect-0123456789ab=s; Max-Age=660; Path=/; HttpOnly; Secure; SameSite=Lax',
  );
  const below = bindingCookie({ secure: true, basePath: '/hub' }, requestId);
  expect(below.issue('s', 660)).toMatch(/^__Secure-patchbay.connect-\w+=s; .*Path=\/hub; HttpOnly; Secure;/);
});

it('reads the cookie of this authorisation among others', () => {
  const cookie = bindingCookie({ secure: false, basePath: '' }, requestId);
  const name = 'patchbay.connect-0123456789ab';
  expect(cookie.read(`a=1; ${name}=the=secret;b=2`)).toBe('the=secret');
  expect(cookie.read(`${name}=first; ${name}=second`)).toBe('first');
  for (const none of ['', 'a=1', `x${name}=s`, `${name}x=s`, 'patchbay.connect-other=s', name])
    expect([none, cookie.read(none)]).toEqual([none, '']);
});
