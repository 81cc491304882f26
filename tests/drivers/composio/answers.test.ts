import { Composio } from '@composio/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import { account, authConfig, link } from '../../../src/drivers/composio/accounts.ts';
import { createBroker } from '../../../src/drivers/composio/broker.ts';
import { verifyWebhook } from '../../../src/drivers/composio/events.ts';
import { result } from '../../../src/drivers/composio/results.ts';
import { readSchema } from '../../../src/drivers/composio/schemas.ts';
import { categories, toolkitDetails, toolkits } from '../../../src/drivers/composio/toolkits.ts';
import { tools } from '../../../src/drivers/composio/tools.ts';
import { ServiceError } from '../../../src/drivers/driver.ts';
import { lintSchema } from '../../../src/lib/schema/lint.ts';
import { startComposio } from '../../sandbox/composio.ts';
import { signedEvent } from '../../sandbox/composio-orders.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { runChild } from '../../support/child.ts';
import { type DriverHarness, driverHarness } from '../../support/driver.ts';
import { sdks } from './broker.ts';

let composio: StandIn;
let at: DriverHarness;
beforeAll(async () => {
  composio = await startComposio();
  at = await driverHarness('composio', { composio: composio.url });
});
afterAll(async () => {
  await at.close();
  await composio.close();
});

const raw = async (path: string, body?: unknown): Promise<unknown> => {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`${composio.url}/api/v3.1${path}`, {
    ...init,
    headers: { 'x-api-key': demo.composioKey },
  });
  return answer.json();
};

/** The value with one part of it missing, or another one in its place; each part in turn. */
function* spoilt(value: unknown): Generator<unknown> {
  const others = [undefined, null, 7, 'text', '\0\ud800', true, [], [null], {}, { a: { b: [] } }];
  yield* others;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, child] of Object.entries(value))
    for (const other of spoilt(child))
      yield Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other };
}

describe('normalising', () => {
  it('takes anything in any place, and never throws but to say so', async () => {
    const config = (await raw('/auth_configs', {
      toolkit: { slug: 'gmail' },
      auth_config: { type: 'use_composio_managed_auth' },
    })) as { auth_config: { id: string } };
    const linked = (await raw('/connected_accounts/link', { auth_config_id: config.auth_config.id, user_id: 'u' })) as {
      connected_account_id: string;
    };
    const cases: [string, (answer: unknown) => unknown, unknown][] = [
      ['toolkits', toolkits, await raw('/toolkits?limit=2')],
      ['categories', categories, await raw('/toolkits/categories')],
      ['details', toolkitDetails, await raw('/toolkits/notion')],
      ['tools', tools, await raw('/tools?toolkit_slug=gmail&limit=2')],
      ['auth config', authConfig, config],
      ['link', link, linked],
      ['account', account, await raw(`/connected_accounts/${linked.connected_account_id}`)],
      ['result', result, await raw('/tools/execute/HACKERNEWS_LIST_STORYS', { user_id: 'u' })],
    ];
    for (const [name, normalise, answer] of cases) {
      expect(() => normalise(answer), name).not.toThrow();
      let count = 0;
      for (const other of spoilt(answer)) {
        count += 1;
        const given = attempt(() => normalise(other));
        expect(given instanceof Error ? given : null, `${name}: ${JSON.stringify(other)?.slice(0, 2000)}`).toBeNull();
        if (name !== 'result') expect(JSON.stringify(given) ?? '').not.toMatch(/\\u0000|\\ud800/);
      }
      expect(count, name).toBeGreaterThan(20);
    }
  });

  const attempt = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return error instanceof ServiceError ? null : error;
    }
  };

  it('makes forms that our own renderer takes, of every toolkit', async () => {
    const { items } = toolkits(await raw('/toolkits?limit=100'));
    expect(items.length).toBeGreaterThanOrEqual(40);
    for (const { slug } of items) {
      const details = toolkitDetails(await raw(`/toolkits/${slug}`));
      expect(details?.authSchemes.length, slug).toBeGreaterThan(0);
      for (const { configFields, accountFields, unusable } of details?.authSchemes ?? [])
        expect([...lintSchema(configFields), ...lintSchema(accountFields), unusable], slug).toEqual([null]);
    }
  });

  it('hides fields that are secrets by their name, and refuses names that no form can have', () => {
    const details = (fields: unknown[]) =>
      toolkitDetails({
        slug: 'x',
        auth_config_details: [
          { mode: 'BASIC', fields: { connected_account_initiation: { required: fields, optional: [] } } },
        ],
      })?.authSchemes[0];
    const named = (name: string) =>
      details([{ name, type: 'string', is_secret: false }])?.accountFields.properties?.[name];
    for (const name of ['password', 'api_key', 'apiKey', 'refresh_token', 'private_key', 'client_secret'])
      expect(named(name)?.['x-secret'], name).toBe(true);
    for (const name of ['username', 'token_url', 'client_id', 'domain'])
      expect(named(name)?.['x-secret'], name).toBeUndefined();
    for (const name of ['a.b', '__proto__', 'constructor', '', 7])
      expect(details([{ name, type: 'string' }])?.unusable, String(name)).toMatch(/name that forms cannot have/);
    expect(details([])?.unusable).toMatch(/does not say/);
  });

  it('keeps of a schema what means something', () => {
    expect(
      readSchema({
        $id: 'https://elsewhere.example/x',
        links: [],
        required: true,
        properties: { a: { type: 'any', options: {}, template: '<b>', nullable: true, minimum: 'zero', title: 'A' } },
      }),
    ).toEqual({ schema: { type: 'object', properties: { a: { title: 'A' } } } });
    expect(readSchema(undefined)).toEqual({ schema: { type: 'object' } });
    expect(readSchema(JSON.parse('{"properties": {"__proto__": {"type": "string"}}}'))).toEqual({
      reason: expect.stringContaining('prototype'),
    });
  });
});

describe('a webhook', () => {
  const secret = 'whsec_only-in-the-sandbox';
  const about = {
    id: 'ca_0123456789',
    toolkit: { slug: 'gmail' },
    auth_config: { id: 'ac_1', auth_scheme: 'OAUTH2', is_composio_managed: true, is_disabled: false },
    status: 'EXPIRED' as const,
    status_reason: 'The refresh token has ended.',
  };
  const read = ({ headers, body }: { headers: Record<string, string>; body: string }, with_ = secret) =>
    verifyWebhook({ secret: with_, headers: new Headers(headers), body });

  it('is read when its signature is right, as the SDK itself judges', async () => {
    const event = signedEvent({ secret, account: about });
    const {
      'webhook-id': id = '',
      'webhook-timestamp': timestamp = '',
      'webhook-signature': signature = '',
    } = event.headers;
    const sdk = new Composio({
      apiKey: 'ak_none',
      baseURL: composio.url,
      allowTracking: false,
      disableVersionCheck: true,
    });
    await expect(
      sdk.triggers.verifyWebhook({ id, timestamp, signature, secret, payload: event.body }),
    ).resolves.toBeTruthy();
    expect(await read(event)).toEqual({
      id,
      kind: 'account_expired',
      accountId: 'ca_0123456789',
      reason: 'The refresh token has ended.',
      at: new Date(Number(timestamp) * 1000).toISOString(),
    });
    const changing = { ...event.headers, 'webhook-signature': `v1,${'A'.repeat(43)}= v2,x ${signature}` };
    expect(await read({ ...event, headers: changing })).toMatchObject({ kind: 'account_expired' });
    expect(await read(signedEvent({ secret, account: about, type: 'composio.trigger.message' }))).toMatchObject({
      kind: 'other',
      accountId: null,
    });
  });

  it('is refused when anything about it is wrong', async () => {
    const now = Math.floor(Date.now() / 1000);
    const event = signedEvent({ secret, account: about });
    const without = (name: string) => ({ ...event, headers: { ...event.headers, [name]: '' } });
    const wrong = [
      read(event, 'another-secret'),
      read(event, ''),
      read({ ...event, body: event.body.replace('ca_0123456789', 'ca_9876543210') }),
      read(without('webhook-id')),
      read(without('webhook-timestamp')),
      read(without('webhook-signature')),
      read(signedEvent({ secret, account: about, at: now - 301 })),
      read(signedEvent({ secret, account: about, at: now + 360 })),
    ];
    for (const work of wrong) await expect(work).rejects.toMatchObject({ fault: 'credential' });
  });
});

describe('SDK instances', () => {
  it('are kept for each connector until its key changes or it is released', async () => {
    const load = sdks['0.19.0'] as NonNullable<(typeof sdks)[string]>;
    let made = 0;
    const broker = createBroker(async () => {
      made += 1;
      return load();
    });
    const list = (connectorId: string | null, key: string = demo.composioKey) =>
      at.call({ api_key: key }, (context) => broker.listToolkits({ ...context, connectorId }, { limit: 1 }));
    await list('one');
    await list('one');
    await list('two');
    await list(null);
    expect([made, broker.kept()]).toEqual([3, 2]);
    await expect(list('one', 'ak_rotated-and-wrong-01')).rejects.toMatchObject({ fault: 'credential' });
    await list('one');
    expect([made, broker.kept()]).toEqual([5, 2]);
    broker.release('one');
    expect(broker.kept()).toBe(1);
    broker.release();
    expect(broker.kept()).toBe(0);
  });

  it('never mix what calls at the same time carry', async () => {
    const broker = createBroker(sdks['0.19.0'] as NonNullable<(typeof sdks)[string]>);
    const list = (key: string) =>
      at.call({ api_key: key }, (context) => broker.listToolkits({ ...context, connectorId: 'shared' }, { limit: 1 }));
    const keys = Array.from({ length: 20 }, (_, index) => (index % 2 ? demo.composioKey : 'ak_wrong-wrong-wrong'));
    const outcomes = await Promise.allSettled(keys.map(list));
    expect(outcomes.map(({ status }) => status)).toEqual(
      keys.map((key) => (key === demo.composioKey ? 'fulfilled' : 'rejected')),
    );
  });
});

describe('the network', () => {
  it('is reached by the guarded fetch alone, by both versions of the SDK', async () => {
    const child = runChild('drivers/composio/traced.ts', composio.url);
    const { asked, sockets, global } = await child.next<{ asked: number; sockets: string[]; global: string[] }>();
    await child.end();
    expect(global).toEqual([]);
    expect(asked).toBeGreaterThan(20);
    expect(new Set(sockets)).toEqual(new Set([new URL(composio.url).host]));
  }, 60_000);
});
