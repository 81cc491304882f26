import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { allSaid, announced, isMarked, mark, said, slack } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const path = (page: Page) => page.url().slice(hub.url.length);
const rows = (page: Page) => page.locator('table.log tbody tr');
const what = (page: Page) => allSaid(rows(page).locator('[data-label=What]'));

describe('the activity page', () => {
  it('tells who did what, newest first, and finds it', async () => {
    const { id, version } = await slack(hub, hub.cast.ada, 'Traced');
    const change = { version, config: { default_channel: 'C024BE91L' } };
    await hub.as(hub.cast.dan, 'PUT', `/api/connectors/${id}`, change);
    await hub.as(hub.cast.dan, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    await hub.as(hub.cast.ada, 'DELETE', `/api/connectors/${id}`);

    const page = await hub.open(hub.cast.ben, '/activity');
    await mark(page);
    expect((await what(page)).slice(0, 4)).toEqual([
      'deleted Traced',
      'activated Traced',
      'changed Traced',
      'installed Traced',
    ]);
    expect(await said(rows(page).nth(2))).toMatch(/just now Dan.*changed Traced config\.default_channel [0-9a-f-]{8}$/);

    await page.getByLabel('What happened').selectOption({ label: 'Changed' });
    await soon(() => what(page)).toEqual(['changed Traced']);
    expect(path(page)).toBe('/activity?action=connector.updated');
    await page.getByLabel('What happened').selectOption({ label: 'Everything' });
    await page.getByRole('searchbox').fill('Dan');
    await soon(() => what(page)).toEqual(['activated Traced', 'changed Traced']);
    expect(path(page)).toBe('/activity?q=Dan');
    expect(await isMarked(page)).toBe(true);

    await page.reload();
    expect(await what(page)).toEqual(['activated Traced', 'changed Traced']);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('link', { name: 'Show everything' }).click();
    await soon(() => rows(page).count()).toBeGreaterThan(3);
    expect(await announced(page)).toEqual([]);
  });

  it('goes on to older events and back to the newest, by the address too', async () => {
    const { id } = await slack(hub, hub.cast.cleo, 'Busy');
    for (let turn = 0; turn < 30; turn++)
      for (const status of ['active', 'inactive'])
        await hub.as(hub.cast.cleo, 'PATCH', `/api/connectors/${id}/status`, { status });

    const page = await hub.open(hub.cast.cleo, '/activity');
    const newest = await what(page);
    expect(newest[0]).toBe('deactivated Busy');
    await page.getByRole('link', { name: 'Older' }).click();
    await soon(() => what(page)).toContain('installed Busy');
    const older = await what(page);
    expect(newest.length + older.length).toBe(62); // 60 switches, the install, and the workspace's own beginning
    expect(path(page)).toMatch(/^\/activity\?cursor=/);
    await page.reload();
    expect(await what(page)).toEqual(older);

    await page.goBack();
    await soon(() => what(page)).toEqual(newest);
    await page.goForward();
    await page.getByRole('link', { name: 'Newest' }).click();
    await soon(() => what(page)).toEqual(newest);
    expect(path(page)).toBe('/activity');
  });
});
