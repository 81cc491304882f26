import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  providerEnv,
  type SingleSignOnProvider,
  startSingleSignOnProvider,
} from '../sandbox/single-sign-on-provider.ts';
import { password } from '../support/cast.ts';
import { freePort } from '../support/ports.ts';
import { follow, said } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const port = await freePort();
const issuer = `http://127.0.0.1:${port}`;
const hub = useStage({
  prefix: '/hub',
  env: { ...providerEnv(issuer), OIDC_ROLES: JSON.stringify({ staff: 'northwind:member' }) },
});
let provider: SingleSignOnProvider;
beforeAll(async () => {
  const person = (email: string) => ({ email, email_verified: true, name: 'Ben Acme', groups: ['staff'] });
  const people = { mia: person('mia@acme.example'), ben: person('ben@example.com'), uwe: { groups: ['guests'] } };
  provider = await startSingleSignOnProvider({
    port,
    redirectUri: `${hub.url}/api/auth/callback/sso`,
    mode: 'forms',
    people,
  });
});
// Only the provider's own pages are elsewhere, with the fonts that they ask for.
const elsewhere = new RegExp(`asks (${issuer}|https://fonts[.]googleapis[.]com)/`);
afterEach(() => {
  hub.complaints.splice(0, Infinity, ...hub.complaints.filter((each) => !elsewhere.test(each)));
});
afterAll(() => provider?.close());

const path = (page: Page) => page.url().slice(hub.url.length);
const toProvider = (page: Page) => follow(page.getByRole('link', { name: 'Sign in with Acme login' }));

/** In the provider's own forms. */
async function signInThere(page: Page, login: string) {
  expect(page.url()).toContain(`${issuer}/interaction/`);
  await page.getByPlaceholder('Enter any login').fill(login);
  await page.getByPlaceholder('and password').fill('anything');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

describe('single sign-on in a browser', () => {
  it.each([true, false])(
    'goes to the provider and back to where it was going (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const page = await hub.open(null, '/activity', { javaScriptEnabled });
      await toProvider(page);
      await signInThere(page, 'mia');
      await soon(() => path(page)).toBe('/activity');
      expect(await said(page.locator('#account'))).toContain('mia@acme.example · Member');
      const cookies = (await page.context().cookies(hub.url)).filter(({ name }) => name.startsWith('patchbay'));
      expect(cookies.map(({ name }) => name)).toContain('patchbay.session');
      expect(cookies.every(({ httpOnly, path: at }) => httpOnly && at === '/hub')).toBe(true);
      await hub.visit(page, '/settings/account');
      expect(await said(page.locator('.trail'))).toContain('Signed in with single sign-on');
    },
  );

  it('asks once for the password of an account that is there', async () => {
    const page = await hub.open(null, '/installed');
    await expectAccessible(page, 'sign-in');
    await toProvider(page);
    await signInThere(page, 'ben');
    await soon(() => path(page)).toBe('/signin/connection');
    await expectAccessible(page, 'connecting');
    await page.getByLabel('Password of your account here').fill('wrong wrong wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This is not the password of your account here.').waitFor();
    await expectAccessible(page, 'connecting, refused');
    await page.getByLabel('Password of your account here').fill(password);
    await page.keyboard.press('Enter');
    await soon(() => path(page)).toBe('/installed');
    expect(await said(page.locator('#account'))).toContain('ben@example.com');
  });

  it('comes back with a sentence when somebody says no, or may not in', async () => {
    const page = await hub.open(null, '/signin');
    await toProvider(page);
    await follow(page.getByRole('link', { name: 'Cancel' }));
    await page.getByText('Acme login did not let you in').waitFor();
    await expectAccessible(page, 'denied');
    await follow(page.getByRole('link', { name: 'Back to sign-in' }));
    expect(path(page)).toBe('/signin');
    await toProvider(page);
    await signInThere(page, 'uwe');
    await page.getByText('You are in no group of Acme login that may use this hub').waitFor();
    expect(
      await page
        .context()
        .cookies(hub.url)
        .then((all) => all.map(({ name }) => name)),
    ).not.toContain('patchbay.session');
  });
});
