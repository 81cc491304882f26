import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import { setOperator } from '../../src/services/tenants/operators.ts';
import { expectNoOverflow } from './appearance.ts';
import { slack } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const hub = useStage();
beforeAll(async () => {
  const { ada } = hub.cast;
  await setOperator(hub.hub, ada.email, true);
  await slack(hub, ada, 'Editorial');
});

const looks = [
  { width: 1280, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const;

describe('the pages of operators', () => {
  for (const { width, colorScheme } of looks)
    it(`are accessible and fit at ${width} pixels, ${colorScheme}`, async () => {
      const page = await hub.open(hub.cast.ada, '/operator', { viewport: { width, height: 900 }, colorScheme });
      const tenant = `/operator/tenants/${hub.cast.ada.tenantId}`;
      const event = async () => {
        await hub.visit(page, '/operator/activity');
        await page.getByRole('link', { name: 'Open' }).first().click();
      };
      const states: Record<string, () => Promise<unknown>> = {
        list: () => hub.visit(page, '/operator/tenants'),
        'no match': () => hub.visit(page, '/operator/tenants?q=zzzzzz'),
        'new workspace': () => hub.visit(page, '/operator/tenants/new'),
        'new workspace with errors': () => page.getByRole('button', { name: 'Create workspace' }).click(),
        workspace: () => hub.visit(page, tenant),
        'limits with errors': () => wrongLimit(page),
        deletion: () => hub.visit(page, `${tenant}/deletion`),
        'deletion with errors': () => page.getByRole('button', { name: 'Delete for good' }).click(),
        entries: () => hub.visit(page, '/operator/entries'),
        application: () => hub.visit(page, '/operator/entries/github/application'),
        'application with errors': () => page.getByRole('button', { name: 'Register' }).click(),
        activity: () => hub.visit(page, '/operator/activity'),
        event,
      };
      for (const [what, show] of Object.entries(states)) {
        await show();
        await expectAccessible(page, what);
        await expectNoOverflow(page, what);
      }
    });

  it('are reached from the account menu and lead back to the workspace', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await page.getByRole('button', { name: 'Account: Ada' }).click();
    await page.getByRole('link', { name: 'Operate this hub' }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Workspaces');
    await page.getByRole('button', { name: 'Account: Ada' }).click();
    await page.getByRole('link', { name: 'Back to the workspace' }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Catalog');
  });
});

async function wrongLimit(page: Page) {
  await page.getByLabel('Connectors', { exact: true }).fill('many');
  await page.getByRole('button', { name: 'Save limits' }).click();
}

describe('an operator', () => {
  it('creates a workspace, limits, suspends, resumes, exports and deletes it', async () => {
    const page = await hub.open(hub.cast.ada, '/operator/tenants/new');
    const done = () => page.locator('[data-toast-text]').last().textContent();
    await page.getByLabel('Workspace').fill('Contoso');
    await page.getByLabel('Owner’s name').fill('Ada');
    await page.getByLabel('Owner’s e-mail address').fill('ada@contoso.example');
    await page.getByLabel('First password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await soon(done).toBe('Contoso was created.');

    await page.getByLabel('Connectors', { exact: true }).fill('5');
    await page.getByRole('button', { name: 'Save limits' }).click();
    await soon(done).toBe('Contoso has its new limits.');
    expect(await page.getByText('0 connectors of 5').count()).toBe(1);

    await page.getByLabel('Reason').fill('The contract has ended');
    await page.getByRole('button', { name: 'Suspend' }).click();
    await soon(done).toContain('is suspended');
    await expectAccessible(page, 'suspended workspace');
    await page.getByRole('button', { name: 'Resume' }).click();
    await soon(done).toBe('Contoso runs again.');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^patchbay-contoso-[\d-]{10}\.json$/);

    await page.getByRole('link', { name: 'Delete workspace' }).click();
    await page.getByLabel('Remove them').check();
    await page.getByLabel('Type Contoso to confirm').fill('Contoso');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await soon(done).toContain('was deleted');
    expect(await page.locator('dl').innerText()).toMatch(/data keys\s+1[\s\S]*people removed\s+1/);
  });
});

describe('a suspended workspace', () => {
  it('shows its people a clear page with a way out', async () => {
    const { ada, ben } = hub.cast;
    await hub.post(ada, `/operator/tenants/${ada.tenantId}/suspension`, { reason: 'An unpaid bill' });
    const page = await hub.open(ben, '/installed', { viewport: { width: 390, height: 800 } });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('This workspace is suspended');
    await expectAccessible(page, 'suspended');
    await expectNoOverflow(page, 'suspended');
    await page.getByRole('button', { name: 'Go to Home of Ben' }).click();
    await soon(() => page.getByRole('heading', { level: 1 }).textContent()).toBe('Catalog');
    await hub.post(ada, `/operator/tenants/${ada.tenantId}/suspension`, { _method: 'DELETE' });
  });
});
