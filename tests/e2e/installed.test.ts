import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { announced, card, connectorNamed, dialog, installedCount, isMarked, mark, said, slack } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const path = (page: Page) => page.url().slice(hub.url.length);
const names = (page: Page) => page.locator('#results article.card h2').allTextContents();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function askToDelete(page: Page, name: string) {
  await page.getByRole('link', { name: `Delete ${name}` }).click();
  await dialog(page)
    .getByRole('heading', { name: `Delete ${name}?` })
    .waitFor();
}

describe('the Installed tab', () => {
  it('says what to do while there is nothing', async () => {
    const page = await hub.open(hub.cast.cleo, '/installed');
    await page.getByRole('heading', { name: 'Nothing installed yet' }).waitFor();
    await page.getByRole('link', { name: 'Browse the catalog' }).click();
    await soon(() => path(page)).toBe('/catalog');
  });

  it('activates and deactivates', async () => {
    await slack(hub, hub.cast.ada, 'Switched', { tags: ['marketing'] });
    const page = await hub.open(hub.cast.ada, '/installed');
    await mark(page);
    expect(await said(card(page, 'Switched'))).toMatch(/Slack · Token Inactive .*marketing/);

    await button(page, 'Activate Switched').click();
    await soon(() => announced(page)).toEqual(['Switched is active.']);
    await button(page, 'Deactivate Switched').waitFor();
    expect(await said(card(page, 'Switched').locator('.badge'))).toBe('Active');
    expect((await connectorNamed(hub, hub.cast.ada, 'Switched')).status).toBe('active');

    await button(page, 'Deactivate Switched').click();
    await dialog(page).getByRole('link', { name: 'Keep it active' }).click();
    await soon(() => dialog(page).count()).toBe(0);
    expect((await connectorNamed(hub, hub.cast.ada, 'Switched')).status).toBe('active');
    await button(page, 'Deactivate Switched').click();
    await button(page, 'Deactivate').click();
    await button(page, 'Activate Switched').waitFor();
    expect(await announced(page)).toContain('Switched is inactive. Its settings are kept.');
    expect((await connectorNamed(hub, hub.cast.ada, 'Switched')).status).toBe('inactive');
    expect(await isMarked(page)).toBe(true);
  });

  it('says why a connector without an authorised account cannot be activated', async () => {
    const auth = { method: 'oauth2', client_id: '1234567890.1234567890123', client_secret: 'a'.repeat(32) };
    await slack(hub, hub.cast.ada, 'Unauthorised', { auth });
    const page = await hub.open(hub.cast.ada, '/installed');
    await button(page, 'Activate Unauthorised').click();
    await soon(() => announced(page)).toEqual([
      expect.stringMatching(
        /^Unauthorised has no authorised account yet, so it cannot be activated\. Connect one first/,
      ),
    ]);
    expect((await connectorNamed(hub, hub.cast.ada, 'Unauthorised')).status).toBe('inactive');
  });

  it('deletes after asking, and brings back by Undo', async () => {
    const before = await slack(hub, hub.cast.ada, 'Deleted');
    const page = await hub.open(hub.cast.ada, '/installed');
    const count = await installedCount(page);
    await mark(page);
    await askToDelete(page, 'Deleted');
    expect(await said(dialog(page))).toMatch(/nothing that works now will stop.*undo this for ten minutes/);
    await dialog(page).getByRole('link', { name: 'Keep it' }).click();
    await soon(() => dialog(page).count()).toBe(0);
    expect(await card(page, 'Deleted').count()).toBe(1);

    await askToDelete(page, 'Deleted');
    await button(page, 'Delete').click();
    await soon(() => announced(page)).toEqual(['Deleted was deleted. You can undo this for ten minutes.']);
    await soon(() => card(page, 'Deleted').count()).toBe(0);
    await soon(() => installedCount(page)).toBe(String(Number(count) - 1));

    await button(page, 'Undo').click();
    await card(page, 'Deleted').waitFor();
    await soon(() => installedCount(page)).toBe(count);
    expect(await announced(page)).toContain('Deleted is back.');
    expect((await connectorNamed(hub, hub.cast.ada, 'Deleted')).auth).toEqual(before.auth);
    expect(await isMarked(page)).toBe(true);
  });

  it('says that something stops working when what is deleted is active', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'In use');
    await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    const page = await hub.open(hub.cast.ada, '/installed');
    await askToDelete(page, 'In use');
    expect(await said(dialog(page))).toContain('Everything that uses Slack through it stops working at once.');
  });

  it('filters by text, service and status, in the address too', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'Filter one');
    await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    await slack(hub, hub.cast.ada, 'Filter two');
    const http = { catalog_key: 'http-api', name: 'Filter three', config: { base_url: 'https://api.example.com' } };
    await hub.as(hub.cast.ada, 'POST', '/api/connectors', { ...http, auth: { method: 'none' } });

    const page = await hub.open(hub.cast.ada, '/installed');
    await mark(page);
    await page.getByRole('searchbox').fill('Filter');
    await soon(() => names(page)).toEqual(['Filter one', 'Filter three', 'Filter two']);
    expect(path(page)).toBe('/installed?q=Filter');
    await page.getByLabel('Service').selectOption({ label: 'Slack' });
    await soon(() => names(page)).toEqual(['Filter one', 'Filter two']);
    await page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: 'Inactive' }).click();
    await soon(() => names(page)).toEqual(['Filter two']);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      q: 'Filter',
      entry: 'slack',
      status: 'inactive',
    });
    expect(await isMarked(page)).toBe(true);

    await page.reload();
    expect(await names(page)).toEqual(['Filter two']);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('link', { name: 'Show all' }).click();
    await card(page, 'Filter three').waitFor();
    expect(path(page)).toBe('/installed');
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
  });

  it('keeps the filters while a connector in the list changes', async () => {
    await slack(hub, hub.cast.ada, 'Stays in view');
    const page = await hub.open(hub.cast.ada, '/installed?q=Stays&status=inactive');
    await button(page, 'Activate Stays in view').click();
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    expect(path(page)).toBe('/installed?q=Stays&status=inactive');
    expect(await page.getByRole('searchbox').inputValue()).toBe('Stays');
  });
});
