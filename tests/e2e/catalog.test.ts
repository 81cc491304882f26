import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { loadDrivers } from '../../src/drivers/index.ts';
import { card, dialog, isMarked, mark, said, slack } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const entries = [...(await loadDrivers()).values()].map(({ entry }) => entry);
const path = (page: Page) => page.url().slice(hub.url.length);
const query = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);
const names = (page: Page) => page.locator('#results article.card h2').allTextContents();
const chip = (page: Page, name: RegExp) =>
  page.getByRole('navigation', { name: 'Category' }).getByRole('link', { name });
const sorted = (all: typeof entries) => all.map(({ name }) => name).sort((a, b) => a.localeCompare(b, 'en'));

describe('the catalog', () => {
  it('shows every entry with its description, category, icon and a way to add it', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    expect(await names(page)).toEqual(sorted(entries));
    for (const { name, description, category, authMethods } of entries) {
      const text = await said(card(page, name));
      expect(text).toContain(category);
      expect(text).toContain(description);
      expect(await card(page, name).locator('.badges > .badge').count()).toBe(authMethods.length);
      const icon = card(page, name).locator('.tile svg');
      expect(await icon.evaluate((svg) => (svg as SVGGraphicsElement).getBBox().width > 5)).toBe(true);
    }
    expect(await said(page.getByRole('status'))).toBe(`${entries.length} services`);
  });

  it('finds what was misspelt, on the same page, with the address following', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await mark(page);
    await page.getByRole('searchbox').pressSequentially('gihtub');
    await soon(async () => (await names(page))[0]).toBe('GitHub');
    expect(path(page)).toBe('/catalog?q=gihtub');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('q');
    await page.getByRole('searchbox').fill('twiter');
    await soon(async () => (await names(page))[0]).toBe('X');
    expect(await isMarked(page)).toBe(true);

    await page.reload();
    expect((await names(page))[0]).toBe('X');
    expect(await page.getByRole('searchbox').inputValue()).toBe('twiter');
  });

  it('filters by category and by authentication together', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await mark(page);
    await chip(page, /^Publishing/).click();
    const publishing = entries.filter(({ category }) => category === 'Publishing');
    await soon(() => names(page)).toEqual(sorted(publishing));
    expect(query(page)).toEqual({ category: 'Publishing' });
    expect(await chip(page, /^Publishing/).getAttribute('aria-current')).toBe('true');

    await page.getByLabel('Authentication').selectOption({ label: 'OAuth 2.0' });
    const withOauth = publishing.filter(({ authMethods }) => authMethods.includes('oauth2'));
    await soon(() => names(page)).toEqual(sorted(withOauth));
    expect(query(page)).toEqual({ category: 'Publishing', auth: 'oauth2' });
    expect(await said(chip(page, /^Publishing/))).toBe(`Publishing ${withOauth.length}`);
    expect(await isMarked(page)).toBe(true);
  });

  it('goes back and forward through what was chosen', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await chip(page, /^AI/).click();
    await soon(() => names(page)).toContain('OpenAI');
    await soon(() => query(page)).toEqual({ category: 'AI' });
    await chip(page, /^Social/).click();
    await soon(() => names(page)).toContain('LinkedIn');
    await page.goBack();
    await soon(() => names(page)).toContain('OpenAI');
    expect(query(page)).toEqual({ category: 'AI' });
    await page.goBack();
    await soon(() => names(page)).toHaveLength(entries.length);
    await page.goForward();
    await soon(() => names(page)).not.toContain('LinkedIn');
    expect(await chip(page, /^AI/).getAttribute('aria-current')).toBe('true');
  });

  it('goes to the search by /, except while one is typing', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    await page.keyboard.press('/');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('q');
    await page.keyboard.press('/');
    expect(await page.getByRole('searchbox').inputValue()).toBe('/');
  });

  it('says that nothing matches, and offers a way on', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog?q=zzzzzz');
    await page.getByRole('heading', { name: 'Nothing plugged in here' }).waitFor();
    expect(await said(page.locator('.empty'))).toContain('No service matches “zzzzzz”.');
    await page.getByRole('link', { name: 'Use HTTP API' }).click();
    await dialog(page).getByRole('heading', { name: 'Add HTTP API' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Clear search' }).click();
    await soon(() => names(page)).toHaveLength(entries.length);
    expect(path(page)).toBe('/catalog');
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
  });

  it('counts what is installed and puts the most installed first', async () => {
    await slack(hub, hub.cast.ada, 'First');
    await slack(hub, hub.cast.ada, 'Second');
    const page = await hub.open(hub.cast.ada, '/catalog');
    expect(await said(card(page, 'Slack'))).toContain('2 installed');
    expect(await card(page, 'GitHub').getByText('installed').count()).toBe(0);
    await page.getByLabel('Order').selectOption({ label: 'Most installed' });
    await soon(async () => (await names(page))[0]).toBe('Slack');
    expect(query(page)).toEqual({ sort: 'popular' });
    await page.getByLabel('Order').selectOption({ label: 'By category' });
    const byCategory = entries.toSorted(
      (a, b) => a.category.localeCompare(b.category, 'en') || a.name.localeCompare(b.name, 'en'),
    );
    await soon(() => names(page)).toEqual(byCategory.map(({ name }) => name));

    await page.getByRole('link', { name: '2 installed' }).click();
    await soon(() => names(page)).toEqual(['First', 'Second']);
    expect(path(page)).toBe('/installed?entry=slack');
  });
});
