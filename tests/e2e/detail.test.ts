import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import {
  announced,
  card,
  connectorNamed,
  dialog,
  field,
  isMarked,
  mark,
  openEdit,
  said,
  slack,
  submit,
} from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const path = (page: Page) => page.url().slice(hub.url.length);
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const fact = (page: Page, name: string) =>
  page
    .locator('.facts > div')
    .filter({ has: page.locator('dt').getByText(name, { exact: true }) })
    .locator('dd');

describe('the page of a connector', () => {
  it('shows what is configured and never a secret', async () => {
    await slack(hub, hub.cast.ada, 'Shown', { config: { default_channel: 'C024BE91L' }, tags: ['news', 'team'] });
    const page = await hub.open(hub.cast.ada, '/installed');
    await page.getByRole('link', { name: 'Shown', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Shown' }).waitFor();
    expect(await said(fact(page, 'Token'))).toMatch(/^Saved entered just now$/);
    expect(await said(fact(page, 'Default channel'))).toBe('C024BE91L');
    expect(await said(fact(page, 'Tags'))).toBe('newsteam');
    expect(await said(fact(page, 'Added'))).toMatch(/^just now by Ada$/);
    expect(await page.getByLabel('Handle', { exact: true }).inputValue()).toBe('shown');
    expect(await said(page.locator('.trail'))).toMatch(/^Ada installed/);
    expect(await page.content()).not.toContain('not-a-real-token');
  });

  it('activates and configures on the spot', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'On the spot');
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`);
    await mark(page);
    await button(page, 'Activate On the spot').click();
    await button(page, 'Deactivate On the spot').waitFor();
    expect(await announced(page)).toEqual(['On the spot is active.']);

    await openEdit(page, 'On the spot');
    await field(page, 'name').fill('Renamed');
    await field(page, 'config.default_channel').fill('C024BE91L');
    await submit(page);
    await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor();
    await soon(() => path(page)).toBe(`/connectors/${id}`);
    expect(await said(page.locator('.trail li').first())).toMatch(/^Ada changed .*name.*default_channel/);
    expect(await page.getByLabel('Handle', { exact: true }).inputValue()).toBe('on-the-spot');
    expect(await isMarked(page)).toBe(true);
  });

  it('leads to the list when it is deleted there, with Undo', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'Gone');
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`);
    await page.getByRole('link', { name: 'Delete Gone' }).click();
    await dialog(page).getByRole('button', { name: 'Delete' }).click();
    await soon(() => path(page)).toBe('/installed');
    await soon(() => announced(page)).toEqual(['Gone was deleted. You can undo this for ten minutes.']);
    expect(await card(page, 'Gone').count()).toBe(0);
    expect(await connectorNamed(hub, hub.cast.ada, 'Gone')).toBeUndefined();
    const again = await hub.as(hub.cast.ada, 'GET', `/connectors/${id}`);
    expect(again.status).toBe(404);

    await button(page, 'Undo').click();
    await card(page, 'Gone').waitFor();
    expect(await connectorNamed(hub, hub.cast.ada, 'Gone')).toMatchObject({ id });
  });

  it('copies the handle', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'Copied');
    const permissions = ['clipboard-read', 'clipboard-write'];
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`, { permissions });
    await button(page, 'Copy Handle').click();
    await soon(() => page.evaluate(() => navigator.clipboard.readText())).toBe('copied');
    await button(page, 'Copied Handle').waitFor();
  });
});
