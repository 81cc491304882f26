import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { password } from '../support/cast.ts';
import {
  announced,
  card,
  chooseMethod,
  dialog,
  field,
  follow,
  installedCount,
  isMarked,
  mark,
  openAdd,
  openEdit,
  slackToken,
  submit,
} from './steps.ts';
import { soon, useStage } from './support.ts';

// Every page is also watched for requests that leave the prefix.
const hub = useStage({ prefix: '/hub' });
const path = (page: Page) => new URL(page.url()).pathname;
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function signIn(page: Page) {
  await page.getByLabel('E-mail address').fill(hub.cast.ada.email);
  await page.getByLabel('Password').fill(password);
  await follow(button(page, 'Sign in'));
}

describe('below a path prefix', () => {
  it('keeps its cookies to itself', async () => {
    const page = await hub.open(null, '/installed');
    await signIn(page);
    const cookies = await page.context().cookies();
    expect(cookies.map(({ path }) => path)).toEqual(cookies.map(() => '/hub'));
    expect(cookies.length).toBeGreaterThan(0);
  });

  it('leads through the main flow', async () => {
    const page = await hub.open(null, '/installed');
    expect(path(page)).toBe('/hub/signin');
    await signIn(page);
    expect(path(page)).toBe('/hub/installed');
    await follow(page.getByRole('link', { name: 'Browse the catalog' }));
    expect(path(page)).toBe('/hub/catalog');

    await mark(page);
    await page.getByRole('searchbox').fill('slakc');
    await soon(() => page.locator('article.card h2').first().textContent()).toBe('Slack');
    expect(page.url()).toBe(`${hub.url}/catalog?q=slakc`);
    await openAdd(page, 'Slack');
    expect(path(page)).toBe('/hub/connectors/new');
    await field(page, 'name').fill('Prefixed');
    await chooseMethod(page, 'Bot or user token');
    await field(page, 'auth.~1.access_token').fill(slackToken);
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    await soon(() => page.url()).toBe(`${hub.url}/catalog?q=slakc`);
    expect(await installedCount(page)).toBe('1');
    expect(await isMarked(page)).toBe(true);

    await page.getByRole('link', { name: 'Open', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Prefixed' }).waitFor();
    expect(await page.getByLabel('Command').inputValue()).toContain(`${hub.url}/api/connectors/`);
    await openEdit(page, 'Prefixed');
    await field(page, 'name').fill('Prefixed twice');
    await submit(page);
    await page.getByRole('heading', { level: 1, name: 'Prefixed twice' }).waitFor();
    await button(page, 'Activate Prefixed twice').click();
    await button(page, 'Deactivate Prefixed twice').waitFor();

    await page.getByRole('link', { name: 'Delete Prefixed twice' }).click();
    await dialog(page).getByRole('button', { name: 'Delete' }).click();
    await soon(() => path(page)).toBe('/hub/installed');
    await button(page, 'Undo').click();
    await card(page, 'Prefixed twice').waitFor();

    await button(page, 'Account: Ada').click();
    await button(page, 'Sign out').click();
    await soon(() => path(page)).toBe('/hub/signin');
  });

  it('also without JavaScript', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack', { javaScriptEnabled: false });
    await field(page, 'name').fill('Plain');
    await chooseMethod(page, 'Bot or user token');
    await field(page, 'auth.~1.access_token').fill(slackToken);
    await follow(button(page, 'Add Slack'));
    expect(path(page)).toBe('/hub/installed');
    expect(await announced(page)).toEqual(['Plain was added. Activate it when it should be used.']);
    await follow(button(page, 'Activate Plain'));
    expect(await announced(page)).toEqual(['Plain is active.']);
    await hub.visit(page, '/features/connectors/activity');
    expect(path(page)).toBe('/hub/activity');
    await hub.visit(page, '/connectors');
    expect(path(page)).toBe('/hub/installed');
  });
});
