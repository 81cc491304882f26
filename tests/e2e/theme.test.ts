import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { lightness } from './appearance.ts';
import { slack } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();

async function choose(page: Page, theme: string) {
  await page.getByRole('button', { name: 'Colour theme' }).click();
  await page.getByRole('button', { name: theme, exact: true }).click();
  await page.keyboard.press('Escape');
}

const isDark = async (page: Page) => (await lightness(page, 'body')) < 0.2;

describe('the colour theme', () => {
  it('follows the system: dark is dark everywhere, light is light', async () => {
    await slack(hub, hub.cast.ada, 'In the dark');
    const surfaces = {
      '/catalog': ['body', 'header.top', '.card', '.search input', '.btn.tonal'],
      '/installed': ['body', '.card', '.badge'],
      '/activity': ['body', 'table.log', 'select'],
      '/connectors/new?catalog_key=slack': ['dialog', 'dialog input[type=text]', 'dialog textarea', 'dialog .seg'],
      '/signin': ['body'],
      '/docs': ['body', 'main code'],
    };
    const page = await hub.open(hub.cast.ada, '/catalog');
    for (const [path, selectors] of Object.entries(surfaces)) {
      await hub.visit(page, path);
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const selector of selectors)
        expect(await lightness(page, selector), `${path} ${selector}`).toBeLessThan(0.35);
      await page.emulateMedia({ colorScheme: 'light' });
      for (const selector of selectors)
        expect(await lightness(page, selector), `${path} ${selector}`).toBeGreaterThan(0.6);
    }
  });

  it('stays as it was chosen: after a reload, on other pages and in other tabs', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog', { colorScheme: 'light' });
    expect(await isDark(page)).toBe(false);
    await choose(page, 'Dark');
    await soon(() => isDark(page)).toBe(true);
    await page.reload();
    expect(await isDark(page)).toBe(true);
    await hub.visit(page, '/installed');
    expect(await isDark(page)).toBe(true);
    expect(await isDark(await hub.openTab(page, '/signin'))).toBe(true);
    await page.getByRole('button', { name: 'Colour theme' }).click();
    const pressed = page.locator('[data-theme-choice][aria-pressed=true]');
    expect(await pressed.getAttribute('data-theme-choice')).toBe('dark');
  });

  it('goes back to the system’s', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog', { colorScheme: 'dark' });
    await choose(page, 'Light');
    await soon(() => isDark(page)).toBe(false);
    await choose(page, 'As the system');
    await soon(() => isDark(page)).toBe(true);
    await page.reload();
    expect(await isDark(page)).toBe(true);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });
});
