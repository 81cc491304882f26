import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findBrowser } from '../support/browser.ts';
import type { StandIn } from './front.ts';
import { startOauthServer } from './oauth-server.ts';

const callback = 'http://127.0.0.1:9/callback';
let server: StandIn;
let browser: Browser;

beforeAll(async () => {
  const client = { client_id: 'hub', client_secret: 'hub-secret-1', redirect_uris: [callback] };
  server = await startOauthServer({ mode: 'dev', clients: [client] });
  browser = await chromium.launch({ executablePath: findBrowser() ?? undefined, args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

it('shows a person forms to sign in and consent', async () => {
  const page = await browser.newPage();
  await page.route(`${callback}*`, (route) => route.fulfill({ body: 'arrived' }));
  const challenge = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  const query = { client_id: 'hub', redirect_uri: callback, response_type: 'code', scope: 'read', state: 's1' };
  await page.goto(`${server.url}/auth?${new URLSearchParams({ ...query, ...challenge })}`);
  await page.locator('input[name=login]').fill('ada');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.locator('button[type=submit]').click();
  await page.waitForURL(`${callback}*`);
  const { searchParams } = new URL(page.url());
  expect(searchParams.get('state')).toBe('s1');
  expect(searchParams.get('code')).toBeTruthy();
});
