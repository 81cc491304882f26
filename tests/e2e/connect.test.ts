import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startOauthServer } from '../sandbox/oauth-server.ts';
import { client, oauthService } from '../support/oauth.ts';
import { expectNoOverflow } from './appearance.ts';
import { announced, said } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

// The forms of the authorisation server are its own: nobody here wrote them.
const service = await startOauthServer({ mode: 'dev', clients: [] });
const hub = useStage({
  drivers: [oauthService('id')],
  env: {
    UPSTREAM_OVERRIDES: JSON.stringify({ 'https://id.example': service.url }),
    ALLOWED_PRIVATE_HOSTS: new URL(service.url).host,
  },
});
beforeAll(() => service.control.register({ ...client, redirect_uris: [`${hub.url}/connections/oauth/callback*`] }));
afterAll(() => service.close());
// Only here pages may lead to the service, and what its own pages ask for is not ours to complain about.
afterEach(() => {
  const ours = hub.complaints.filter((each) => !each.includes(service.url) && !each.includes('interaction/'));
  hub.complaints.splice(0, hub.complaints.length, ...ours);
});

let count = 0;

async function install(): Promise<{ id: string; name: string }> {
  count += 1;
  const auth = { method: 'oauth2', ...client, scopes: ['read', 'write'] };
  const body = { catalog_key: 'id', name: `Service no ${count}`, config: {}, auth };
  const answer = await hub.as(hub.cast.ada, 'POST', '/api/connectors', body);
  expect(answer.status).toBe(201);
  return answer.json();
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();

async function agree(page: Page) {
  await press(page, 'Continue to id.example');
  await page.waitForURL(`${service.url}/**`);
}

async function signInThere(page: Page, login: string) {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.locator('button[type=submit]').click();
  await page.waitForURL(`${hub.url}/**`);
}

describe('Connect', () => {
  it('leads to the service’s own form and back, with the account shown', async () => {
    const { id, name } = await install();
    const page = await hub.open(hub.cast.ada, '/installed');
    const card = page.locator('article.card').filter({ has: page.getByRole('heading', { name, exact: true }) });
    await expectAccessible(page, 'the card');
    await page.setViewportSize({ width: 390, height: 800 });
    await expectNoOverflow(page, 'the card');
    const [usual, last] = await Promise.all(
      ['Configure', 'Delete'].map((each) => card.getByRole('link', { name: each }).boundingBox()),
    );
    expect(Math.abs((usual?.y ?? 0) - (last?.y ?? 999)), 'the card’s actions stand in one row').toBeLessThan(8);
    await card.getByRole('button', { name: 'Connect' }).click();
    await page.getByRole('heading', { name: 'Connect Service id' }).waitFor();
    await expectAccessible(page, 'the question');
    await expectNoOverflow(page, 'the question');
    await agree(page);
    await signInThere(page, 'ada');
    expect(page.url()).toBe(`${hub.url}/connectors/${id}`);
    await soon(() => announced(page)).toEqual([expect.stringContaining('is connected.')]);
    await page.locator('#toasts').getByRole('button', { name: 'Activate' }).click();
    await soon(() => announced(page)).toContain(`${name} is active.`);
    expect(await said(page.locator('.trail').last())).toContain('Ada connected ada');
    const accounts = page.locator('#accounts');
    expect(await said(accounts)).toMatch(
      /ada Active For everybody in the workspace .* readwrite.* Reconnect ada .*Credential Taken into use just now/,
    );
    await expectAccessible(page, 'the connector');
    await expectNoOverflow(page, 'the connector');
  });

  it('says when access was denied, and tries again', async () => {
    const { id } = await install();
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`);
    await press(page, 'Connect');
    await agree(page);
    await page.getByRole('link', { name: /cancel/i }).click();
    await page.getByRole('heading', { name: 'Access was denied' }).waitFor();
    await expectAccessible(page, 'the refusal');
    await expectNoOverflow(page, 'the refusal');
    await press(page, 'Try again');
    await agree(page);
    await signInThere(page, 'ben');
    expect(await said(page.locator('#accounts'))).toContain('ben');
    expect(await said(page.locator('.trail').last())).toContain('was denied access at the service of this connector');
  });

  it('works without JavaScript', async () => {
    const { id } = await install();
    const page = await hub.open(hub.cast.ada, `/connectors/${id}`, { javaScriptEnabled: false });
    await press(page, 'Connect');
    await agree(page);
    await signInThere(page, 'carol');
    expect(await said(page.locator('#accounts'))).toContain('carol');
  });

  it('takes a guest by a link, on a page without anything of the hub', async () => {
    const { id } = await install();
    const body = { connector_id: id, label: 'Robin at Contoso' };
    const { url } = await (await hub.as(hub.cast.ada, 'POST', '/api/connections/links', body)).json();
    const page = await hub.open(null, url.slice(hub.url.length));
    await expectAccessible(page, 'the guest’s question');
    await expectNoOverflow(page, 'the guest’s question');
    await agree(page);
    await signInThere(page, 'robin');
    expect(await said(page.locator('main'))).toContain('robin at Service id is connected to Northwind');
    await expectAccessible(page, 'the guest’s end');
  });
});
