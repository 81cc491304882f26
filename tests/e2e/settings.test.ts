import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { announced, dialog } from './steps.ts';
import { expectAccessible, useStage } from './support.ts';

const hub = useStage();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

async function create(page: Page, name: string): Promise<string> {
  await link(page, 'Create API key').click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await button(page, 'Create key').click();
  return page.getByLabel('API key', { exact: true }).inputValue();
}

describe('API keys', () => {
  it('are reached from the account menu, made, shown once, used and revoked', async () => {
    const page = await hub.open(hub.cast.dan, '/catalog');
    await button(page, 'Account: Dan').click();
    await page.locator('#account').getByRole('link', { name: 'Members and API keys' }).click();
    await link(page, 'API keys').click();
    await page.getByRole('heading', { name: 'No API keys yet' }).waitFor();
    const key = await create(page, 'Website');
    await expectAccessible(page, 'the new key');
    const call = () => fetch(`${hub.url}/api/installed`, { headers: { authorization: `Bearer ${key}` } });
    expect((await call()).status).toBe(200);
    await hub.visit(page, '/settings/api-keys');
    expect(await page.content()).not.toContain(key);
    await expectAccessible(page, 'the list');

    await link(page, 'Revoke Website').click();
    expect(await dialog(page).textContent()).toContain('Every program that uses it is refused');
    await expectAccessible(page, 'the question');
    await button(page, 'Revoke').click();
    await rowOf(page, 'Website').getByText('Revoked').waitFor();
    expect(await announced(page)).toEqual(['Website is revoked. Requests with it are refused from now on.']);
    expect((await call()).status).toBe(401);
  });

  it('say what is wrong with a new one, and keep what was chosen', async () => {
    const page = await hub.open(hub.cast.ada, '/settings/api-keys/new');
    await page.getByLabel('Role', { exact: true }).selectOption('owner');
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
    await button(page, 'Create key').click();
    await page.getByText('2 fields need your attention').waitFor();
    await expectAccessible(page, 'the refused form');
    expect(await page.getByLabel('Role', { exact: true }).inputValue()).toBe('owner');
    await page.getByRole('link', { name: 'Choose at least one thing' }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('scope-catalog:read');
  });

  it('are made and revoked without JavaScript', async () => {
    const page = await hub.open(hub.cast.ada, '/settings/api-keys', { javaScriptEnabled: false });
    await create(page, 'Plain');
    await hub.visit(page, '/settings/api-keys');
    await link(page, 'Revoke Plain').click();
    await button(page, 'Revoke').click();
    await rowOf(page, 'Plain').getByText('Revoked').waitFor();
  });

  it('are not offered to members', async () => {
    const page = await hub.open(hub.cast.ben, '/catalog');
    expect(await page.locator('#account').getByText('API keys').count()).toBe(0);
    await hub.visit(page, '/settings/api-keys');
    await page.getByText('Only owners and admins can see API keys. Ask one of them.').waitFor();
  });
});

describe('language models', () => {
  const choose = async (name: string, javaScriptEnabled: boolean): Promise<Page> => {
    const auth = { method: 'api_key', api_key: 'sk-not-a-real-key-only-an-example' };
    await hub.as(hub.cast.ada, 'POST', '/api/connectors', { catalog_key: 'openai', name, config: {}, auth });
    const page = await hub.open(hub.cast.ada, '/settings/models', { javaScriptEnabled });
    const usual = page.getByLabel('Default connector', { exact: true });
    const label = await usual.locator('option', { hasText: name }).textContent();
    await usual.selectOption({ label: label ?? '' });
    await button(page, 'Save').click();
    await page.getByText('The default connector to language models is saved.').waitFor();
    expect(await usual.locator('option:checked').textContent()).toContain(name);
    return page;
  };

  it('go through the connector that is chosen', async () => {
    const page = await choose('Models', true);
    await expectAccessible(page, 'the choice');
    await hub.visit(page, '/settings/api-keys/new');
    await page.getByLabel('Language models through', { exact: true }).selectOption({ label: 'Models' });
    await hub.visit(page, '/settings/models');
    const member = await hub.open(hub.cast.ben, '/settings/models');
    expect(await member.getByText('Only owners and admins can choose how models are asked.').isVisible()).toBe(true);
    expect(await button(member, 'Save').count()).toBe(0);
    await expectAccessible(member, 'for a member');
  });

  it('do so without JavaScript', () => choose('Plain models', false));
});

describe('members', () => {
  it('get another role and are removed behind questions that tell what follows', async () => {
    const page = await hub.open(hub.cast.ada, '/settings/members');
    await expectAccessible(page, 'the members');
    await link(page, 'Change role of Ben').click();
    await dialog(page).getByLabel('Role', { exact: true }).selectOption('admin');
    await expectAccessible(page, 'the role');
    await button(page, 'Change role').click();
    await rowOf(page, 'ben@example.com').getByText('Admin', { exact: true }).waitFor();
    expect(await announced(page)).toEqual(['Ben is an admin now.']);

    await link(page, 'Remove Ben').click();
    expect(await dialog(page).textContent()).toContain('1 browser is signed out at once.');
    await button(page, 'Remove').click();
    await page.getByText('no longer belongs to this workspace').waitFor();
    expect(await rowOf(page, 'ben@example.com').count()).toBe(0);
  });

  it('keep their last owner, and say why', async () => {
    const page = await hub.open(hub.cast.ada, '/settings/members');
    await link(page, 'Leave').click();
    await button(page, 'Leave').click();
    await page.getByText('Ada is the only owner of this workspace').waitFor();
  });
});

describe('an invitation', () => {
  it('goes by a link that a new person follows', async () => {
    const page = await hub.open(hub.cast.ada, '/settings/members');
    await page.getByLabel('E-mail address', { exact: true }).fill('eve@example.com');
    await button(page, 'Create link').click();
    const address = await page.getByLabel('invitation link', { exact: true }).inputValue();
    await expectAccessible(page, 'the new link');

    const guest = await hub.open(null, address.slice(hub.url.length));
    await expectAccessible(guest, 'the invitation');
    await guest.getByLabel('Your name', { exact: true }).fill('Eve');
    await guest.getByLabel('Password', { exact: true }).fill('a long enough secret');
    await button(guest, 'Create account and join').click();
    await guest.getByText('Welcome to Northwind.').waitFor();
    await button(guest, 'Account: Eve').waitFor();
  });
});
