import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { createOidcClient, type OidcSettings } from '../../src/lib/oidc.ts';
import { createOutbound } from '../../src/lib/outbound/outbound.ts';
import { parseOverrides } from '../../src/lib/outbound/overrides.ts';
import { type HostileProvider, startHostileProvider } from '../sandbox/hostile-oidc-provider.ts';

let provider: HostileProvider;
beforeAll(async () => {
  provider = await startHostileProvider();
});
afterEach(() => provider.reset());
afterAll(() => provider?.close());

const attempt = { redirectUri: 'http://hub.test/callback', state: 'state', nonce: 'nonce', verifier: 'v'.repeat(43) };
const back = new URLSearchParams({ state: 'state', code: 'code' });
const outbound = createOutbound({
  allowed: [{ host: '127.0.0.1', port: null }],
  overrides: parseOverrides(''),
  ownPort: 1,
});
afterAll(() => outbound.close());

function client() {
  const { issuer, clientId, clientSecret } = provider;
  const settings: OidcSettings = {
    issuer,
    clientId,
    clientSecret,
    clientAuth: null,
    endpoints: null,
    scopes: 'openid',
  };
  return createOidcClient(settings, (url, init) => outbound.fetch(url, init as RequestInit), { timeoutSeconds: 1 });
}

/** What a busy hub does all the time: signals that nobody holds are collected before they fire. */
function collectGarbage() {
  setFlagsFromString('--expose-gc');
  const timer = setInterval(runInNewContext('gc'), 100);
  onTestFinished(() => clearInterval(timer));
}

it.each([
  ['never begins', () => {}],
  ['begins and never ends', (res: { write(text: string): void }) => res.write(`{"x":"${'x'.repeat(2_000_000)}`)],
])('waits a second and no longer for an answer that %s', async (_what, stall) => {
  collectGarbage();
  provider.nonce = attempt.nonce;
  const oidc = client();
  await oidc.authorizationUrl(attempt);
  provider.instead.token = (res) => stall(res.writeHead(200, { 'content-type': 'application/json' }));
  await expect(oidc.redeem(attempt, back, () => true)).rejects.toMatchObject({
    name: 'OidcError',
    fault: 'unreachable',
  });
  provider.reset();
  expect(await oidc.redeem(attempt, back, () => true)).toMatchObject({ sub: 'mallory' });
});

it('asks for keys once, and again for one that is new a minute later', async () => {
  provider.nonce = attempt.nonce;
  const oidc = client();
  const asked = () => provider.asked.filter((each) => each.includes('/jwks')).length;
  const redeem = async () => (await oidc.redeem(attempt, back, () => true)).sub;
  expect([await redeem(), await redeem(), asked()]).toEqual(['mallory', 'mallory', 1]);
  provider.rotate();
  // Nobody makes the hub ask all the time with names of keys that do not exist.
  await expect(redeem()).rejects.toMatchObject({ fault: 'untrusted' });
  expect(asked()).toBe(1);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect([await redeem(), asked()]).toEqual(['mallory', 2]);
});
