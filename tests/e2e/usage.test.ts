import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import { rollUpUsage } from '../../src/services/usage/usage-rollups.ts';
import { type CallRow, makeCalls } from '../support/usage-calls.ts';
import { expectNoOverflow } from './appearance.ts';
import { isMarked, mark } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const hub = useStage();
const hourMs = 3_600_000;
const path = (page: Page) => page.url().slice(hub.url.length);
const heading = (page: Page) => page.locator('.chart-panel.main h2').textContent();
const bars = (page: Page) => page.locator('.chart-panel.main svg .band rect[class^=tone]');

beforeAll(async () => {
  const models = [
    'gpt-4o',
    'gpt-4o-mini',
    'a-model-with-a-very-long-name-that-nobody-would-ever-give-it',
    'b',
    'c',
    'd',
    'e',
  ];
  const calls: CallRow[] = Array.from({ length: 70 }, (_, index) => ({
    at: new Date(Date.now() - (index + 1) * 9 * hourMs),
    model: models[index % models.length],
    tier: index % 2 ? 'low' : null,
    connector: index % 3 ? 'a' : 'b',
    costNano: index % 10 ? 1_000_000 * (index + 1) : null,
    estimated: index % 9 === 0,
    failed: index % 11 === 0,
    totalMs: 300 * (1 + (index % 5)),
  }));
  await makeCalls(hub.database.admin, hub.cast.ada.tenantId, calls);
  await rollUpUsage(hub.hub);
});

describe('the usage page', () => {
  it('changes by its filters and its address alike, without a new page', async () => {
    const page = await hub.open(hub.cast.ada, '/usage');
    await mark(page);
    expect(await heading(page)).toBe('Cost by model');
    const all = await bars(page).count();
    expect(all).toBeGreaterThan(30);
    await page.getByLabel('Split by').selectOption({ label: 'By tier' });
    await soon(() => heading(page)).toBe('Cost by tier');
    await page.getByLabel('Model', { exact: true }).selectOption('gpt-4o');
    await soon(() => bars(page).count()).toBeLessThan(all / 2);
    await page.getByRole('navigation', { name: 'What the bars show' }).getByRole('link', { name: 'Calls' }).click();
    await soon(() => heading(page)).toBe('Calls by tier');
    await page.getByRole('navigation', { name: 'Range' }).getByRole('link', { name: 'From–until' }).click();
    await page.getByLabel('From', { exact: true }).fill('2020-01-01');
    await page.getByLabel('until').fill('2020-01-31');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      ...{ range: 'own', from: '2020-01-01', until: '2020-01-31', split: 'tier', model: 'gpt-4o', show: 'calls' },
    });
    expect(await isMarked(page)).toBe(true);
    await page.goBack();
    await soon(() => heading(page)).toBe('Calls by tier');
  });

  it('tells everything in words and figures, has room for it, and gives files', async () => {
    const page = await hub.open(hub.cast.ada, '/usage');
    const chart = page.getByRole('img', { name: /^Cost by model Cost in all: \$2\.\d\d/ });
    expect(await chart.count()).toBe(1);
    expect(await page.getByText('+ 7 calls at unknown cost').count()).toBeGreaterThan(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `usage, ${colorScheme}`);
    }
    for (const width of [390, 768, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.locator('details summary').click();
      await expectNoOverflow(page, `${width}`);
    }
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'All calls, CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('patchbay-usage-calls.csv');
  });

  it('works without JavaScript, and says how to begin', async () => {
    const page = await hub.open(hub.cast.ada, '/usage', { javaScriptEnabled: false });
    await page.getByLabel('Split by').selectOption({ label: 'By connector' });
    await page.getByRole('button', { name: 'Apply' }).click();
    await soon(() => heading(page)).toBe('Cost by connector');
    expect(path(page)).toContain('split=connector');
    const none = await hub.open(hub.cast.cleo, '/usage');
    await none.getByRole('heading', { name: 'No language model was called yet' }).waitFor();
    expect(await none.getByLabel('the first call').inputValue()).toContain(`curl ${hub.url}/v1/chat/completions`);
    await expectAccessible(none, 'no usage');
  });
});
