import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { checkSingleSignOn } from '../../../src/services/doctor/single-sign-on.ts';
import { type HostileProvider, startHostileProvider } from '../../sandbox/hostile-oidc-provider.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import { freePort } from '../../support/ports.ts';

let provider: HostileProvider;
let hub: TestApp;
beforeAll(async () => {
  provider = await startHostileProvider();
  hub = await testApp();
});
afterAll(async () => {
  await hub?.close();
  await provider?.close();
});

const check = (env: Record<string, string>) =>
  checkSingleSignOn({ config: readConfig(env), owner: hub.database.admin });
const env = (issuer: string, roles = '{"a": "northwind:admin"}') => ({
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: 'patchbay',
  OIDC_CLIENT_SECRET: 'sso-secret-not-a-real-one-0123456789',
  OIDC_ROLES: roles,
});

it('asks nobody without a provider', async () => expect(await check({})).toEqual([]));

it('is content with a provider that tells its addresses, and workspaces that exist', async () => {
  expect(await check(env(provider.issuer))).toEqual([
    { check: 'single sign-on', level: 'ok', message: `People can be sent to ${provider.issuer}.` },
  ]);
});

it('names workspaces that do not exist', async () => {
  const roles = '{"a": ["northwind:admin", "nowhere:member"], "b": "never:owner"}';
  expect(await check(env(provider.issuer, roles))).toMatchObject([
    { level: 'warn', message: 'OIDC_ROLES names workspaces that do not exist: nowhere, never.' },
  ]);
});

it('tells why a provider cannot be used', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  expect(await check(env(nobody))).toMatchObject([
    { level: 'fail', message: expect.stringContaining(`${nobody} cannot be used: The provider did not answer`) },
  ]);
  provider.metadata = { issuer: 'https://elsewhere.example.com' };
  expect(await check(env(provider.issuer))).toMatchObject([
    { level: 'fail', next: expect.stringContaining('OIDC_ISSUER') },
  ]);
});
