import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type Person, password, signedIn } from '../support/cast.ts';
import { chooseMethod, dialog, field, follow, openAdd, said, slack, slackToken, submit } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const path = (page: Page) => page.url().slice(hub.url.length);
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const alert = (page: Page) => page.getByRole('alert');

async function signIn(page: Page, email: string, secret = password) {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(secret);
  await follow(button(page, 'Sign in'));
}

/** Ada in a session that this test may end. */
async function adaAnew(): Promise<Person> {
  const { ada } = hub.cast;
  return { ...ada, cookie: await signedIn(hub.deps.identity, ada.email, ada.tenantId) };
}

async function signOut(page: Page) {
  await button(page, 'Account: Ada').click();
  await button(page, 'Sign out').click();
  await soon(() => path(page)).toBe('/signin');
}

describe('the sign-in page', () => {
  it('leads back to where one was going', async () => {
    const page = await hub.open(null, '/activity?q=Ada');
    expect(path(page)).toBe(`/signin?next=${encodeURIComponent('/activity?q=Ada')}`);
    await signIn(page, 'ADA@example.com');
    await soon(() => path(page)).toBe('/activity?q=Ada');
    await hub.visit(page, '/signin');
    expect(path(page)).toBe('/catalog');
  });

  it('leads nowhere else', async () => {
    const page = await hub.open(null, '/signin?next=https://elsewhere.example.com/');
    await signIn(page, hub.cast.ada.email);
    await soon(() => path(page)).toBe('/catalog');
  });

  it('says which field is empty', async () => {
    const page = await hub.open(null, '/signin');
    await follow(button(page, 'Sign in'));
    for (const [name, message] of [
      ['E-mail address', 'Enter your e-mail address.'],
      ['Password', 'Enter your password.'],
    ] as const) {
      const input = page.getByLabel(name);
      expect(await input.getAttribute('aria-invalid')).toBe('true');
      const described = await input.getAttribute('aria-describedby');
      expect(await said(page.locator(`[id="${described}"]`))).toBe(message);
    }
  });

  it('says the same for a wrong password and an unknown address, and keeps the address', async () => {
    const page = await hub.open(null, '/signin');
    await signIn(page, hub.cast.ada.email, 'a wrong password');
    const first = await said(alert(page));
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(hub.cast.ada.email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('password');
    await signIn(page, 'nobody@example.com', 'a wrong password');
    expect(await said(alert(page))).toBe(first);
    expect(first).toMatch(/password/);
  });

  it('asks to wait after too many tries', async () => {
    const page = await hub.open(null, '/signin');
    for (let attempt = 0; attempt < 5; attempt++) {
      await signIn(page, 'guessed@example.com', 'a wrong password');
      expect(await said(alert(page))).not.toMatch(/Too many/);
    }
    await signIn(page, 'guessed@example.com', 'a wrong password');
    expect(await said(alert(page))).toMatch(/^Too many tries to sign in\. Try again in \d+ seconds\.$/);
  });
});

describe('signing out', () => {
  it('leaves nothing to go back to', async () => {
    await slack(hub, hub.cast.ada, 'Behind the door');
    const page = await hub.open(await adaAnew(), '/installed');
    await page.getByRole('heading', { name: 'Behind the door' }).waitFor();
    await signOut(page);
    await page.goBack();
    await soon(() => path(page)).toMatch(/^\/signin/);
    expect(await page.content()).not.toContain('Behind the door');
  });

  it('ends the session for other tabs and for copies of the cookie too', async () => {
    const ada = await adaAnew();
    const page = await hub.open(ada, '/catalog?category=Work');
    const other = await hub.openTab(page, '/installed');
    await signOut(other);
    expect((await hub.as(ada, 'GET', '/api/installed')).status).toBe(401);
    await page.getByRole('link', { name: 'Add Slack' }).click();
    await soon(() => path(page)).toBe(`/signin?next=${encodeURIComponent('/catalog?category=Work')}`);
  });
});

describe('a session that has expired', () => {
  const expire = () =>
    withConnection(hub.database.admin, (sql) => sql`update sessions set expires_at = now() - interval '1 minute'`);

  it('sends an open form to the sign-in page without a question, and back to the form', async () => {
    const page = await hub.open(await adaAnew(), '/catalog');
    const questions: string[] = [];
    page.on('dialog', async (question) => {
      questions.push(question.type());
      await question.accept();
    });
    await openAdd(page, 'Slack');
    await field(page, 'name').fill('Half done');
    await chooseMethod(page, 'Bot or user token');
    await field(page, 'auth.~1.access_token').fill(slackToken);
    await expire();
    await submit(page);
    await soon(() => path(page)).toBe(`/signin?next=${encodeURIComponent('/connectors/new?catalog_key=slack')}`);
    expect(questions).toEqual([]);
    expect(await page.content()).not.toContain(slackToken);

    await signIn(page, hub.cast.ada.email);
    await dialog(page).getByRole('heading', { name: 'Add Slack' }).waitFor();
    expect(path(page)).toBe('/connectors/new?catalog_key=slack');
  });
});
