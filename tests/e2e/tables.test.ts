import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TargetDatabase, targetDatabase } from '../support/target-database.ts';
import { expectNoOverflow } from './appearance.ts';
import { isMarked, mark } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const hub = useStage({ env: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1/32' } });
let target: TargetDatabase;
let id: string;

beforeAll(async () => {
  target = await targetDatabase();
  await target.sql(`
    create table orders (no bigint primary key, customer text not null, placed timestamptz default now(), goods jsonb, scan bytea,
      a_column_with_a_very_long_name_that_nobody_would_give text);
    insert into orders select n, 'Customer ' || n, now(), '{"sku": "A-1", "count": 3}', '\\x0102', repeat('long words ', 30)
      from generate_series(1, 70) n;
    create table customers (id int primary key);
    grant select on orders, customers to clerk; analyze`);
  const body = { catalog_key: 'postgresql', name: 'Shop', config: target.config, auth: target.auth };
  id = (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
}, 60_000);
afterAll(async () => {
  await hub.hub?.drivers.get('postgresql')?.release?.();
  await target?.remove();
});

const links = (page: Page) => page.locator('.tables .tool-list a').allTextContents();
const firstCell = (page: Page) => page.locator('.sheet tbody td').first().textContent();

describe('looking into tables', () => {
  it('searches as one types Enter, and needs no script for anything', async () => {
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`);
    await page.getByRole('link', { name: 'Look into the tables' }).click();
    await mark(page);
    await page.getByLabel('Search tables').fill('cust');
    await page.keyboard.press('Enter');
    await soon(() => links(page)).toEqual(['customers']);
    expect(await isMarked(page)).toBe(true);
    expect(new URL(page.url()).searchParams.get('q')).toBe('cust');
    const plain = await hub.open(hub.cast.ada, `/connectors/${id}/tables`, { javaScriptEnabled: false });
    await plain.getByLabel('Search tables').fill('ord');
    await plain.getByRole('button', { name: 'Search' }).click();
    await plain.getByRole('link', { name: 'orders' }).click();
    await plain.getByRole('link', { name: 'Next page' }).click();
    expect(await firstCell(plain)).toBe('51');
    await plain.getByRole('link', { name: 'Last rows first' }).click();
    expect(await firstCell(plain)).toBe('70');
  });

  it('has room for wide rows on every screen, scrolls them by keyboard, and can be read by everybody', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await hub.open(hub.cast.ada, `/connectors/${id}/tables`, { colorScheme });
      await expectAccessible(page, `tables, ${colorScheme}`);
      await page.getByRole('link', { name: 'orders' }).click();
      await page.getByRole('heading', { name: 'Rows' }).waitFor();
      await expectAccessible(page, `rows, ${colorScheme}`);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        await expectNoOverflow(page, `rows at ${width}`);
      }
      const rows = page.getByRole('region', { name: 'Rows of orders' });
      await rows.focus();
      await page.keyboard.press('ArrowRight');
      await soon(() => rows.evaluate((box) => box.scrollLeft)).toBeGreaterThan(0);
    }
  });
});
