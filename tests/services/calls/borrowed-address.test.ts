import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../../src/errors.ts';
import { makeResetLink } from '../../../src/services/people/password-reset.ts';
import { createTenant } from '../../../src/services/tenants/tenants.ts';
import { type TestApp, testApp } from '../../support/app.ts';

// Whoever invites sees the link, so an admin can sign up as anybody who has no account yet, and wait for what others give to that address.

let at: TestApp;
beforeEach(async () => {
  at = await testApp();
});
afterEach(() => at.close());

const boss = 'boss@example.com';
const [stranger, own] = ['password of a stranger', 'password of the boss'];
const borrow = async () => {
  const page = await at.post(at.cast.dan, '/settings/invitations', { email: boss, role: 'member' });
  const link = /\/invitations\/[\w-]{43}/.exec(await page.text())?.[0] ?? '';
  expect((await at.post(null, link, { name: 'Boss', password: stranger })).status).toBe(303);
};
const make = (email = boss) =>
  createTenant(at.hub, { name: 'Headquarters', owner: { email, password: own } }).then(
    () => 'made',
    (error: AppError) => error.errors?.['owner.email']?.join(' ') ?? error,
  );
const signIn = async (password: string) =>
  (await at.as(null, 'POST', '/api/auth/sign-in/email', { email: boss, password })).status;

describe('an account that somebody made by an invitation', () => {
  it('gets no workspace until its person has shown that the address is theirs', async () => {
    await borrow();
    expect(await make()).toContain(`make reset-password EMAIL=${boss}`);
    expect(await signIn(stranger)).toBe(200);

    const { url } = await makeResetLink(at.hub, boss, { ip: null, userAgent: null });
    expect((await at.post(null, new URL(url).pathname, { new_password: own })).status).toBe(303);
    expect(await make()).toBe('made');
    expect([await signIn(stranger), await signIn(own)]).toEqual([401, 200]);
  });

  it('is no obstacle to those whom the operator gave an account', async () => {
    expect(await make(at.cast.ben.email)).toBe('made');
  });
});
