import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/app.ts';
import { type Person, signedIn } from '../support/cast.ts';
import {
  announced,
  card,
  chooseMethod,
  connectorNamed,
  dialog,
  field,
  said,
  slack,
  slackToken,
  submit,
} from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const path = (page: Page) => page.url().slice(hub.url.length);
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const foreign = async (page: Page) =>
  (await page.content()).match(/Secret plan|secret-plan|merger|Northwind|\bAda\b/g) ?? [];
let secretPlan: Json;

beforeAll(async () => {
  secretPlan = await slack(hub, hub.cast.ada, 'Secret plan', { tags: ['merger'] });
});

describe('another workspace', () => {
  it('sees nothing of what is Northwind’s, on any page', async () => {
    const adas = await hub.open(hub.cast.ada, '/installed');
    expect(await foreign(adas)).toEqual(expect.arrayContaining(['Secret plan', 'merger', 'Northwind', 'Ada']));
    const page = await hub.open(hub.cast.cleo, '/catalog');
    for (const at of [
      '/catalog',
      '/catalog?sort=popular',
      '/installed',
      '/installed?q=plan',
      '/activity',
      '/activity?q=plan',
    ]) {
      await hub.visit(page, at);
      expect(await foreign(page), at).toEqual([]);
    }
    await hub.visit(page, '/catalog');
    expect(await said(card(page, 'Slack'))).not.toContain('installed');
  });

  it.each(['', '/edit', '/deletion'])('is told that a connector of Northwind does not exist (%s)', async (rest) => {
    const page = await hub.open(hub.cast.cleo, `/connectors/${secretPlan.id}${rest}`);
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
    expect(await said(page.locator('main'))).toContain('This connector does not exist or is not in this workspace.');
    expect(await foreign(page)).toEqual([]);
  });
});

describe('two tabs with two workspaces', () => {
  const twoTabs = async (path: string) => {
    const { email, tenantId } = hub.cast.dan;
    const dan: Person = { ...hub.cast.dan, cookie: await signedIn(hub.deps.identity, email, tenantId) };
    const page = await hub.open(dan, path);
    const switchElsewhere = async () => {
      const other = await hub.openTab(page, '/installed');
      await button(other, 'Workspace: Northwind').click();
      await button(other, 'Home of Dan').click();
      await button(other, 'Workspace: Home of Dan').waitFor();
      expect(await other.content()).not.toContain('Secret plan');
    };
    return { page, switchElsewhere };
  };
  const refusal =
    'The workspace was switched to Home of Dan in another tab, so nothing was changed. Reload this page, or switch back first.';

  it('refuses an action on the page that was left behind', async () => {
    const { page, switchElsewhere } = await twoTabs('/installed');
    await switchElsewhere();
    await button(page, 'Activate Secret plan').click();
    await soon(() => announced(page)).toEqual([refusal]);
    expect((await connectorNamed(hub, hub.cast.ada, 'Secret plan')).status).toBe('inactive');
    expect(await card(page, 'Secret plan').count()).toBe(1);
  });

  it('refuses a form that was opened before, and keeps what was typed', async () => {
    const { page, switchElsewhere } = await twoTabs('/connectors/new?catalog_key=slack');
    await field(page, 'name').fill('Misplaced');
    await chooseMethod(page, 'Bot or user token');
    await field(page, 'auth.~1.access_token').fill(slackToken);
    await switchElsewhere();
    await submit(page);
    await soon(() => announced(page)).toEqual([refusal]);
    expect(await field(page, 'name').inputValue()).toBe('Misplaced');
    const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/installed')).json();
    expect(data.map(({ name }: Json) => name)).toEqual(['Secret plan']);
  });

  it('refuses to mix lists of both on one page', async () => {
    const { page, switchElsewhere } = await twoTabs('/installed');
    await switchElsewhere();
    await page.getByRole('searchbox').fill('Secret');
    await soon(() => announced(page)).toEqual([refusal]);
    expect(await card(page, 'Secret plan').count()).toBe(1);
  });
});

describe('a member', () => {
  const reason = /^Only owners and admins can (add|change) connectors\. Ask one of them\.$/;

  it('sees what may not be done, and why', async () => {
    const page = await hub.open(hub.cast.ben, '/catalog');
    const add = button(page, 'Add Slack');
    expect(await add.getAttribute('aria-disabled')).toBe('true');
    expect(await said(page.locator(`[id="${await add.getAttribute('aria-describedby')}"]`))).toMatch(reason);
    await add.click({ force: true });
    expect(await dialog(page).count()).toBe(0);

    for (const at of ['/installed', `/connectors/${secretPlan.id}`]) {
      await hub.visit(page, at);
      for (const name of ['Configure Secret plan', 'Activate Secret plan']) {
        const action = button(page, name);
        expect(await action.getAttribute('aria-disabled')).toBe('true');
        expect(await said(page.locator(`[id="${await action.getAttribute('aria-describedby')}"]`))).toMatch(reason);
      }
      await button(page, 'Activate Secret plan').click({ force: true });
      expect(await page.getByRole('link', { name: 'Delete Secret plan' }).count()).toBe(0);
    }
    expect((await connectorNamed(hub, hub.cast.ada, 'Secret plan')).status).toBe('inactive');
  });

  it.each(['/connectors/new?catalog_key=slack', '/connectors/:id/edit', '/connectors/:id/deletion'])(
    'is refused at %s, with who can help',
    async (at) => {
      const page = await hub.open(hub.cast.ben, at.replace(':id', secretPlan.id));
      await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
      expect(await said(page.locator('main'))).toMatch(/403.*admin/);
      await page.getByRole('link', { name: 'Go to the catalog' }).click();
      await soon(() => path(page)).toBe('/catalog');
    },
  );
});
