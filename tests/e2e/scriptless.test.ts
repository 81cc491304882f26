import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { password } from '../support/cast.ts';
import { announced, card, connectorNamed, dialog, field, follow, messageAt, said, slack, slackToken } from './steps.ts';
import { useStage } from './support.ts';

const hub = useStage();
const options = { javaScriptEnabled: false };
const path = (page: Page) => page.url().slice(hub.url.length);
const names = (page: Page) => page.locator('#results article.card h2').allTextContents();
const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

describe('without JavaScript', () => {
  it('signs in, goes where one was going, and signs out', async () => {
    const page = await hub.open(null, '/installed?status=active', options);
    expect(path(page)).toMatch(/^\/signin\?next=/);
    await page.getByLabel('E-mail address').fill(hub.cast.ada.email);
    await page.getByLabel('Password').fill(password);
    await follow(button(page, 'Sign in'));
    expect(path(page)).toBe('/installed?status=active');

    await button(page, 'Account: Ada').click();
    await follow(button(page, 'Sign out'));
    expect(path(page)).toBe('/signin');
    await hub.visit(page, '/installed');
    expect(path(page)).toMatch(/^\/signin\?next=/);
  });

  it('searches and filters the catalog', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog', options);
    await page.getByRole('searchbox').fill('gihtub');
    await page.getByLabel('Authentication').selectOption({ label: 'OAuth 2.0' });
    await follow(button(page, 'Apply'));
    expect((await names(page))[0]).toBe('GitHub');
    await follow(page.getByRole('navigation', { name: 'Category' }).getByRole('link', { name: /^Developer/ }));
    expect(await names(page)).toEqual(['GitHub']);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toMatchObject({
      q: 'gihtub',
      auth: 'oauth2',
      category: 'Developer',
    });
  });

  it('adds a connector, with a mistake first', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog', options);
    await follow(link(page, 'Add Slack'));
    await field(page, 'name').fill('Plain Slack');
    await dialog(page).locator('.seg label').filter({ hasText: 'Bot or user token' }).click();
    await field(page, 'auth.~1.access_token').fill('wrong');
    await field(page, 'config.default_channel').fill('#general');
    await follow(button(page, 'Add Slack'));

    expect(path(page)).toBe('/connectors');
    expect(await said(messageAt(page, 'config.default_channel'))).toMatch(/^Must be a channel ID/);
    expect(await said(messageAt(page, 'auth.~1.access_token'))).toMatch(/^Must be a whole token/);
    expect(await field(page, 'name').inputValue()).toBe('Plain Slack');
    expect(await field(page, 'config.default_channel').inputValue()).toBe('#general');
    expect(await field(page, 'auth.~1.access_token').inputValue()).toBe('');
    expect(await field(page, 'auth.~0.client_id').isVisible()).toBe(false);

    await field(page, 'auth.~1.access_token').fill(slackToken);
    await field(page, 'config.default_channel').fill('C024BE91L');
    await follow(button(page, 'Add Slack'));
    expect(path(page)).toBe('/installed');
    expect(await announced(page)).toEqual(['Plain Slack was added. Activate it when it should be used.']);
    await page.reload();
    expect(await announced(page)).toEqual([]);
    const { config, auth } = await connectorNamed(hub, hub.cast.ada, 'Plain Slack');
    expect(config).toEqual({ default_channel: 'C024BE91L', environment: 'commercial' });
    expect(auth).toMatchObject({ method: 'token', access_token: { is_set: true } });
  });

  it('opens the detail page from the notice', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack', options);
    await field(page, 'name').fill('Noticed');
    await dialog(page).locator('.seg label').filter({ hasText: 'Bot or user token' }).click();
    await field(page, 'auth.~1.access_token').fill(slackToken);
    await follow(button(page, 'Add Slack'));
    await follow(link(page, 'Open'));
    await page.getByRole('heading', { level: 1, name: 'Noticed' }).waitFor();
  });

  it('configures, and keeps the secret', async () => {
    const before = await slack(hub, hub.cast.ada, 'Configured');
    const page = await hub.open(hub.cast.ada, '/installed', options);
    await follow(link(page, 'Configure Configured'));
    expect(path(page)).toBe(`/connectors/${before.id}/edit`);
    await field(page, 'tags').fill('one\ntwo');
    await follow(button(page, 'Save changes'));
    expect(await announced(page)).toEqual(['Configured was saved.']);
    const after = await connectorNamed(hub, hub.cast.ada, 'Configured');
    expect(after).toMatchObject({ tags: ['one', 'two'], auth: before.auth });
  });

  it('activates, deactivates, deletes and undoes', async () => {
    await slack(hub, hub.cast.ada, 'Handled');
    const page = await hub.open(hub.cast.ada, '/installed', options);
    await follow(button(page, 'Activate Handled'));
    expect(await announced(page)).toEqual(['Handled is active.']);
    expect(await said(card(page, 'Handled').locator('.badge'))).toBe('Active');
    await follow(button(page, 'Deactivate Handled'));
    expect(await said(dialog(page))).toContain('Nothing has used it in the last 30 days.');
    await follow(link(page, 'Keep it active'));
    await follow(button(page, 'Deactivate Handled'));
    await follow(dialog(page).getByRole('button', { name: 'Deactivate' }));
    expect(await announced(page)).toEqual(['Handled is inactive. Its settings are kept.']);

    await follow(link(page, 'Delete Handled'));
    await follow(link(page, 'Keep it'));
    expect(path(page)).toBe('/installed');
    await follow(link(page, 'Delete Handled'));
    await follow(button(page, 'Delete'));
    expect(await announced(page)).toEqual(['Handled was deleted. You can undo this for ten minutes.']);
    expect(await card(page, 'Handled').count()).toBe(0);
    await follow(button(page, 'Undo'));
    expect(await announced(page)).toEqual(['Handled is back.']);
    expect(await card(page, 'Handled').count()).toBe(1);
  });

  it('tells of a refusal on a page that leads on', async () => {
    const { id } = await slack(hub, hub.cast.ada, 'Refused', {
      auth: { method: 'oauth2', client_id: '1234567890.1234567890123', client_secret: 'a'.repeat(32) },
    });
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`, options);
    await follow(button(page, 'Activate Refused'));
    expect(await said(page.locator('main'))).toMatch(/Refused has no authorised account yet/);
    await follow(link(page, 'Go to the catalog'));
    expect(path(page)).toBe('/catalog');
  });

  it('shows no control that only scripts could work', async () => {
    const page = await hub.open(hub.cast.ada, '/connectors/new?catalog_key=slack', options);
    for (const name of ['Colour theme', 'Dismiss']) expect(await button(page, name).count()).toBe(0);
    expect(await page.locator('[data-reveal]:visible, [data-copy]:visible').count()).toBe(0);
  });
});
