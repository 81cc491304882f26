import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import type { Json } from '../support/app.ts';
import type { Cast } from '../support/cast.ts';
import { expectNoOverflow } from './appearance.ts';
import { announced, dialog, field, follow, openEdit, slack, submit } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const hub = useStage();
const longName = 'Averylongnamewithoutanyspace'.repeat(9);
let used: Json;

beforeAll(async () => {
  const { ada } = hub.cast;
  const full = { config: { default_channel: 'C024BE91L' }, tags: ['news', 'longtag'.repeat(7)] };
  used = await slack(hub, ada, 'In use', full);
  await hub.as(ada, 'PATCH', `/api/connectors/${used.id}/status`, { status: 'active' });
  await slack(hub, ada, longName);
  const broken = await slack(hub, ada, 'Broken');
  await withConnection(
    hub.database.admin,
    (sql) => sql`
      update connectors set status = 'error', status_reason = 'Slack refused the token.',
        auth = jsonb_set(auth, '{access_token,$sealed}', '"damaged"')
      where id = ${broken.id}`,
  );
});

interface State {
  what: string;
  person: keyof Cast | null;
  path: () => string;
  /** What has to be done to see it. */
  act?: (page: Page) => Promise<unknown>;
}

const here = (path: string) => () => path;
const states: State[] = [
  { what: 'catalog', person: 'ada', path: here('/catalog') },
  { what: 'catalog of a member', person: 'ben', path: here('/catalog') },
  { what: 'catalog without a match', person: 'ada', path: here('/catalog?q=zzzzzz') },
  { what: 'installed', person: 'ada', path: here('/installed') },
  { what: 'installed of a member', person: 'ben', path: here('/installed') },
  { what: 'nothing installed', person: 'cleo', path: here('/installed') },
  { what: 'installed without a match', person: 'ada', path: here('/installed?q=zzzzzz') },
  { what: 'dialog', person: 'ada', path: here('/connectors/new?catalog_key=http-api') },
  { what: 'dialog with errors', person: 'ada', path: here('/connectors/new?catalog_key=http-api'), act: refused },
  { what: 'dialog of an installed connector', person: 'ada', path: () => `/connectors/${used.id}/edit` },
  { what: 'question about unsaved changes', person: 'ada', path: () => `/connectors/${used.id}/edit`, act: unsaved },
  { what: 'stale edit', person: 'ada', path: here('/installed'), act: stale },
  { what: 'deletion dialog', person: 'ada', path: () => `/connectors/${used.id}/deletion` },
  { what: 'toast', person: 'ada', path: here('/installed'), act: toasted },
  { what: 'detail', person: 'ada', path: () => `/connectors/${used.id}` },
  { what: 'activity', person: 'ada', path: here('/activity') },
  { what: 'menus', person: 'dan', path: here('/catalog'), act: menus },
  { what: 'sign-in', person: null, path: here('/signin') },
  { what: 'sign-in with errors', person: null, path: here('/signin'), act: emptySignIn },
  { what: 'error page', person: 'ada', path: here('/nothing-here') },
  { what: 'API reference', person: null, path: here('/docs') },
];

async function refused(page: Page) {
  await field(page, 'name').fill('');
  await submit(page);
  await dialog(page).locator('[data-error-summary]').waitFor();
}

async function unsaved(page: Page) {
  await field(page, 'name').fill('Changed');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Discard your changes?' }).waitFor();
}

async function stale(page: Page) {
  await openEdit(page, 'In use');
  const path = `/api/connectors/${used.id}`;
  const { version } = await (await hub.as(hub.cast.dan, 'GET', path)).json();
  await hub.as(hub.cast.dan, 'PUT', path, { version, tags: [`edit ${version}`] });
  await submit(page);
  await dialog(page).getByRole('alert').filter({ hasText: 'Dan' }).waitFor();
}

async function toasted(page: Page) {
  await page.getByRole('button', { name: 'Deactivate In use' }).click();
  await dialog(page).getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('button', { name: 'Activate In use', exact: true }).click();
  await soon(() => announced(page)).toHaveLength(2);
  await page.getByRole('button', { name: 'Dismiss' }).first().focus(); // they stay while the focus is on them
}

async function menus(page: Page) {
  await page.getByRole('button', { name: 'Workspace: Northwind' }).click();
  await expectAccessible(page, 'workspaces');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Account: Dan' }).click();
  await expectAccessible(page, 'account');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Colour theme' }).click();
}

async function emptySignIn(page: Page) {
  await follow(page.getByRole('button', { name: 'Sign in' }));
}

/** The rules run in two of the four, with every colour and every width among them: they take long. */
const appearances = [
  { colorScheme: 'light', width: 1280, rules: true },
  { colorScheme: 'dark', width: 1280, rules: false },
  { colorScheme: 'dark', width: 390, rules: true },
  { colorScheme: 'light', width: 390, rules: false },
] as const;

describe('in light and dark, wide and narrow', () => {
  it.each(states)('$what', async ({ what, person, path, act }) => {
    const page = await hub.open(person && hub.cast[person], path());
    await act?.(page);
    expect(await page.title()).toMatch(/^.+ · Patchbay$/);
    expect(await page.locator('h1').count()).toBe(1);
    for (const { colorScheme, width, rules } of appearances) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      if (rules) await expectAccessible(page, `${what}, ${colorScheme}, ${width}`);
      await expectNoOverflow(page, `${what}, ${colorScheme}, ${width}`);
    }
  });
});
