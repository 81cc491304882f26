import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { card, chooseMethod, dialog, field, isMarked, mark, openAdd } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const question = (page: Page) => page.getByRole('dialog', { name: 'Discard your changes?' });
const focusedText = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim());
const path = (page: Page) => page.url().slice(hub.url.length);

const waysOut: [string, (page: Page) => Promise<void>][] = [
  ['Escape', (page) => page.keyboard.press('Escape')],
  ['Cancel', (page) => dialog(page).getByRole('link', { name: 'Cancel' }).click()],
  ['the cross', (page) => dialog(page).getByRole('link', { name: 'Close' }).click()],
  ['the backdrop', (page) => page.mouse.click(8, 8)],
];

describe('the dialog', () => {
  it.each(waysOut)('closes at once by %s when nothing was entered', async (_, leave) => {
    const page = await hub.open(hub.cast.ada, '/catalog?category=Work');
    await mark(page);
    await openAdd(page, 'Slack');
    expect(path(page)).toBe('/connectors/new?catalog_key=slack');
    await leave(page);
    await soon(() => dialog(page).count()).toBe(0);
    expect(await question(page).count()).toBe(0);
    await soon(() => path(page)).toBe('/catalog?category=Work');
    await soon(() => focusedText(page)).toBe('Add Slack');
    expect(await isMarked(page)).toBe(true);
  });

  it.each(waysOut)('asks first by %s when something was entered', async (_, leave) => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await openAdd(page, 'Slack');
    await field(page, 'name').fill('Half done');
    await leave(page);
    await question(page).getByRole('button', { name: 'Keep editing' }).click();
    expect(await field(page, 'name').inputValue()).toBe('Half done');
    expect(path(page)).toBe('/connectors/new?catalog_key=slack');

    await leave(page);
    await question(page).getByRole('button', { name: 'Discard' }).click();
    await soon(() => dialog(page).count()).toBe(0);
    await soon(() => path(page)).toBe('/catalog');
    await soon(() => focusedText(page)).toBe('Add Slack');
  });

  it('closes by the browser’s Back, which also asks first', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await mark(page);
    await openAdd(page, 'Slack');
    await field(page, 'name').fill('Half done');
    await page.evaluate(() => history.back());
    await question(page).getByRole('button', { name: 'Keep editing' }).click();
    expect(await field(page, 'name').inputValue()).toBe('Half done');
    await soon(() => path(page)).toBe('/connectors/new?catalog_key=slack');

    await page.evaluate(() => history.back());
    await question(page).getByRole('button', { name: 'Discard' }).click();
    await soon(() => dialog(page).count()).toBe(0);
    await soon(() => path(page)).toBe('/catalog');
    expect(await isMarked(page)).toBe(true);
  });

  it('opens by its address, also after a reload, over the catalog', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await openAdd(page, 'GitHub');
    await page.reload();
    await dialog(page).getByRole('heading', { name: 'Add GitHub' }).waitFor();
    expect(await dialog(page).evaluate((element) => element.matches(':modal'))).toBe(true);
    expect(await card(page, 'WordPress').count()).toBe(1);

    await page.keyboard.press('Escape');
    await soon(() => dialog(page).count()).toBe(0);
    expect(path(page)).toBe('/catalog');
  });

  it('keeps the keyboard inside while it is open', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack');
    const stops = await dialog(page).locator('a, button, input, select, textarea, summary').count();
    for (let stop = 0; stop < stops + 5; stop++) {
      await page.keyboard.press('Tab');
      const outside = await page.evaluate(
        () => document.activeElement !== document.body && !document.activeElement?.closest('#modal > dialog'),
      );
      expect(outside).toBe(false);
    }
  });

  it('warns before the page itself is left with changes', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack');
    await field(page, 'name').fill('Half done');
    const asked = new Promise<string>((resolve) => {
      page.on('dialog', async (prompt) => {
        resolve(prompt.type());
        await prompt.accept();
      });
    });
    await page.reload();
    expect(await asked).toBe('beforeunload');
  });

  it('shows a secret only while it is being typed', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack');
    await chooseMethod(page, 'Bot or user token');
    const secret = field(page, 'auth.~1.access_token');
    const reveal = dialog(page).getByRole('button', { name: 'Show Token' });
    expect(await secret.getAttribute('type')).toBe('password');
    expect(await reveal.isVisible()).toBe(false);
    await secret.fill('xoxb-half-a-token');
    await reveal.click();
    expect(await secret.getAttribute('type')).toBe('text');
    await field(page, 'name').focus();
    expect(await secret.getAttribute('type')).toBe('password');
  });
});
