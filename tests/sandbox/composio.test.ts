import { Composio } from '@composio/core';
import { Composio as Next } from 'composio-core-next';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { webhookReceiver } from '../support/webhook-receiver.ts';
import { startComposio } from './composio.ts';
import { composioControlOf } from './composio-orders.ts';
import type { StandIn } from './front.ts';

let composio: StandIn;
beforeAll(async () => {
  composio = await startComposio({ auto: 'allow' });
});
afterAll(() => composio.close());
beforeEach(() => composio.control.reset());

const version = '20251101_00';
const versions = { '0.19.0': Composio, '0.21.0': Next as unknown as typeof Composio };
const sdkOf = (name: string, apiKey: string = demo.composioKey) => {
  const Sdk = versions[name as keyof typeof versions];
  return new Sdk({ apiKey, baseURL: composio.url, allowTracking: false, disableVersionCheck: true });
};

describe.each(Object.keys(versions))('the stand-in of Composio, asked by its SDK %s as it is', (name) => {
  const sdk = () => sdkOf(name);

  it('shows toolkits with their fields, and tools', async () => {
    expect(await sdk().toolkits.get({ limit: 5 })).toHaveLength(5);
    const gmail = await sdk().toolkits.get('gmail');
    expect(gmail).toMatchObject({ slug: 'gmail', name: 'Gmail', composioManagedAuthSchemes: ['OAUTH2'] });
    const fields = await sdk().toolkits.getConnectedAccountInitiationFields('trello', 'API_KEY' as never);
    expect(fields.map(({ name: field }) => field)).toContain('generic_api_key');
    const tools = await sdk().tools.getRawComposioTools({ toolkits: ['gmail'], limit: 50 });
    expect(tools).toHaveLength(15);
    await expect(sdk().tools.getRawComposioToolBySlug('GMAIL_FLY')).rejects.toMatchObject({
      name: 'ComposioToolNotFoundError',
    });
  });

  it('connects by a link, once the person agreed', async () => {
    const { id } = await sdk().authConfigs.create('gmail', { type: 'use_composio_managed_auth' });
    const request = await sdk().connectedAccounts.link('ada', id, { callbackUrl: 'https://hub.example.com/back?a=1' });
    expect((await sdk().connectedAccounts.get(request.id)).status).toBe('INITIATED');
    const answer = await fetch(composio.url + new URL(request.redirectUrl ?? '').pathname, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe(
      `https://hub.example.com/back?a=1&status=success&connected_account_id=${request.id}`,
    );
    expect((await request.waitForConnection(5000)).status).toBe('ACTIVE');
    await expect(sdk().connectedAccounts.link('ada', id), 'there is one already').rejects.toThrow();
  });

  it('connects by a key, runs tools and ends', async () => {
    const { id } = await sdk().authConfigs.create('trello', {
      type: 'use_custom_auth',
      authScheme: 'API_KEY',
      credentials: {},
    });
    const config = {
      authScheme: 'API_KEY' as const,
      val: { status: 'ACTIVE' as const, generic_api_key: 'key-only-in-the-sandbox' },
    };
    const account = await sdk().connectedAccounts.initiate('ada', id, { config });
    const run = (slug: string, input: Record<string, unknown>) =>
      sdk().tools.execute(slug, { userId: 'ada', connectedAccountId: account.id, version, arguments: input });
    expect(await run('TRELLO_CREATE_CARD', { title: 'Try it' })).toMatchObject({
      successful: true,
      data: { title: 'Try it' },
    });
    expect(await run('TRELLO_GET_CARD', { id: 'item_7' })).toMatchObject({
      successful: false,
      error: 'There is no card item_7.',
    });
    await sdk().connectedAccounts.disable(account.id);
    expect((await sdk().connectedAccounts.get(account.id)).status).toBe('INACTIVE');
    await expect(run('TRELLO_LIST_CARDS', {})).rejects.toThrow(/connected account/i);
    await sdk().connectedAccounts.enable(account.id);
    expect((await sdk().connectedAccounts.get(account.id)).status).toBe('ACTIVE');
    await sdk().connectedAccounts.delete(account.id);
    await expect(sdk().connectedAccounts.get(account.id)).rejects.toMatchObject({ status: 404 });
  });

  it('refuses as Composio does, and sees what the SDK sends twice', async () => {
    await expect(sdkOf(name, 'ak_unknown-0123456789').authConfigs.list()).rejects.toMatchObject({ status: 401 });
    const unmanaged = sdk().authConfigs.create('zoho', { type: 'use_composio_managed_auth' });
    await expect(unmanaged).rejects.toMatchObject({ status: 400, error: { error: { code: 303 } } });
    await composio.control.fault('lose_answer', { method: 'POST', times: 1 });
    await sdk().authConfigs.create('gmail', { type: 'use_composio_managed_auth' });
    const posts = await composioControlOf(composio.url).posts();
    expect(posts.map(({ count }) => count)).toContain(2);
  });
});

describe('orders', () => {
  it('change accounts, and send signed events about them', async () => {
    const { authConfigs, connectedAccounts, triggers } = sdkOf('0.19.0');
    const { id } = await authConfigs.create('gmail', { type: 'use_composio_managed_auth' });
    const account = await connectedAccounts.link('ada', id);
    const control = composioControlOf(composio.url);
    await control.setAccount(account.id, 'EXPIRED', 'The refresh token has ended.');
    expect(await connectedAccounts.get(account.id)).toMatchObject({
      status: 'EXPIRED',
      statusReason: 'The refresh token has ended.',
    });
    const receiver = await webhookReceiver();
    const secret = 'whsec_only-in-the-sandbox';
    expect(await control.sendWebhook({ url: receiver.url, account_id: account.id, secret })).toMatchObject({
      status: 200,
    });
    const [message] = receiver.received;
    await receiver.close();
    const header = (name: string) => String(message?.headers[name]);
    const verified = triggers.verifyWebhook({
      id: header('webhook-id'),
      timestamp: header('webhook-timestamp'),
      signature: header('webhook-signature'),
      payload: message?.body ?? '',
      secret,
    });
    await expect(verified).resolves.toMatchObject({ payload: { payload: { id: account.id, status: 'EXPIRED' } } });
    await control.deleteAuthConfig(id);
    await expect(authConfigs.get(id)).rejects.toMatchObject({ status: 404 });
  });
});
