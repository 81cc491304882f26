import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import { startComposio } from '../../sandbox/composio.ts';
import { composioControlOf } from '../../sandbox/composio-orders.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { type DriverHarness, driverHarness } from '../../support/driver.ts';
import { asking } from './broker.ts';

let composio: StandIn;
let at: DriverHarness;
const brokerUserId = 'tenant:connector';

beforeAll(async () => {
  composio = await startComposio();
});
afterAll(() => composio.close());
let tenants = 0;
beforeEach(async () => {
  await composio.control.reset();
  tenants += 1; // calls of one tenant to one host share their breaker
  at = await driverHarness(
    'composio',
    { composio: composio.url },
    `0197a8e2-5d7c-7cc1-9a55-${String(tenants).padStart(12, '0')}`,
  );
  return () => at.close();
});

const account = async (toolkit = 'trello', generic_api_key = 'key-only-in-the-sandbox') => {
  const broker = asking(at);
  const config = await broker.createAuthConfig({
    toolkit,
    scheme: 'api_key',
    managed: false,
    name: toolkit,
    values: {},
  });
  const values = { generic_api_key };
  return broker.createAccount({ authConfigId: config.id, brokerUserId, scheme: 'api_key', values });
};
const managed = () =>
  asking(at).createAuthConfig({ toolkit: 'gmail', scheme: 'oauth2', managed: true, name: 'Gmail', values: {} });

describe('a refused key', () => {
  it('is told as one, without the key', async () => {
    const key = 'ak_unknown-key-0123456789';
    const broker = asking(at, '0.19.0', { key });
    for (const work of [broker.listToolkits({ limit: 1 }), broker.getToolkit('gmail'), managedWith(broker)])
      await expect(work).rejects.toMatchObject({
        fault: 'credential',
        status: 401,
        message: expect.not.stringContaining(key),
      });
    await composio.control.revoke();
    await expect(at.call({ api_key: demo.composioKey }, at.driver.checkHealth as never)).rejects.toMatchObject({
      fault: 'credential',
      message: expect.stringContaining('Enter a new one'),
    });
  });

  const managedWith = (broker: ReturnType<typeof asking>) =>
    broker.createAuthConfig({ toolkit: 'gmail', scheme: 'oauth2', managed: true, name: 'x', values: {} });
});

describe('answers that are none', () => {
  const asked = () =>
    asking(at).createAuthConfig({ toolkit: 'gmail', scheme: 'oauth2', managed: true, name: 'x', values: {} });

  it.each([
    ['a page in place of JSON', 'html', {}, { fault: 'service', message: expect.stringContaining('not JSON') }],
    ['a page with a status', 'html', { status: 502 }, { fault: 'service', status: 502 }],
    [
      'half of an answer',
      'status',
      { status: 200, body: '{"items": [', headers: { 'content-type': 'application/json' } },
      { fault: 'service', message: expect.stringContaining('not JSON') },
    ],
    ['a failure', 'status', { status: 500 }, { fault: 'service', status: 500 }],
    [
      'a conflict',
      'status',
      { status: 409, body: { error: { message: 'It is being changed', code: 'Busy' } } },
      {
        fault: 'conflict',
        serviceCode: 'Busy',
        message: 'Composio refuses this in its current state (Busy, HTTP 409): It is being changed.',
      },
    ],
    [
      'a limit that says until when',
      'rate_limited',
      { retry_after: 30 },
      { fault: 'rate_limited', retryAfterMs: 30_000 },
    ],
    [
      'a limit that does not',
      'rate_limited',
      {},
      { fault: 'rate_limited', retryAfterMs: undefined, message: expect.not.stringContaining('{') },
    ],
    ['a redirect to elsewhere', 'redirect', {}, { code: 'redirect_refused' }],
    ['more than anybody can read', 'huge', { bytes: 40_000_000 }, { code: 'too_large' }],
    ['a connection that is cut', 'drop', {}, { name: 'OutboundError' }],
  ] as const)('are told apart: %s', async (_name, fault, options, expected) => {
    await composio.control.fault(fault, options);
    await expect(asked()).rejects.toMatchObject(expected);
    expect((await composio.control.requests()).length, 'nothing that makes something is repeated').toBe(1);
  });

  it('are waited for no longer than the call may take', async () => {
    await composio.control.fault('hang');
    const broker = asking(at, '0.19.0', { deadlineMs: 700 });
    await expect(broker.getToolkit('gmail')).rejects.toMatchObject({ name: 'OutboundError', code: 'timeout' });
    const impatient = asking(at, '0.19.0', { config: { timeout_s: 1 } });
    await expect(impatient.getToolkit('gmail')).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('1 s'),
    });
  });

  it('come in the end where asking again does no harm', async () => {
    await composio.control.fault('status', { status: 503, times: 1 });
    expect((await asking(at).listToolkits({ limit: 1 })).items).toHaveLength(1);
    expect(await composio.control.requests()).toHaveLength(2);
  });
});

describe('what must not happen twice', () => {
  it('is sent once, also when its answer is lost', async () => {
    const { id: authConfigId } = await managed();
    await composio.control.fault('lose_answer', { method: 'POST' });
    const broker = asking(at);
    const link = { authConfigId, brokerUserId, callbackUrl: 'https://hub.example.com/back' };
    await expect(broker.linkAccount(link)).rejects.toMatchObject({ mayHaveArrived: true });
    const run = { tool: 'HACKERNEWS_CREATE_STORY', version: '20251101_00', brokerUserId, arguments: { title: 'Once' } };
    await expect(broker.executeTool(run)).rejects.toMatchObject({ mayHaveArrived: true });
    const posts = await composioControlOf(composio.url).posts();
    expect(posts).toHaveLength(3);
    expect(posts.filter(({ count }) => count !== 1)).toEqual([]);
  });
});

describe('values that somebody entered', () => {
  it('do not come back in a message, which names their field, nor in what is logged with it', async () => {
    const error = await account('trello', 'wrong-key-0123456789').catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('wrong-key');
    expect(error).toMatchObject({
      fault: 'input',
      field: 'generic_api_key',
      message:
        'Composio refuses this request (1810, HTTP 400): The service refused generic_api_key with the value [redacted].',
    });
  });
});

describe('a run', () => {
  it('tells the id by which Composio finds it, also when the tool fails', async () => {
    const { id } = await account();
    const noted: (string | null)[] = [];
    const { broker } = at.driver;
    const about = { version: '20251101_00', accountId: id, brokerUserId, arguments: {} };
    const run = (tool: string) =>
      at.call({ api_key: demo.composioKey }, async (context) => broker?.executeTool(context, { tool, ...about }), {
        onReport: ({ upstreamRequestId }) => noted.push(upstreamRequestId),
      });
    const done = await run('TRELLO_LIST_CARDS');
    await expect(run('TRELLO_GET_CARD')).rejects.toMatchObject({ fault: 'not_found' });
    expect(noted).toEqual([done?.logId, expect.stringMatching(/^log_/)]);
  });

  it('asks for nothing under a name that would lead elsewhere', async () => {
    const broker = asking(at);
    await composio.control.clearRequests();
    for (const name of ['', '..', '.', 'a/b', 'gmail?x=1', '%2e%2e', 'a b']) {
      const run = { tool: name, version: '20251101_00', brokerUserId, arguments: {} };
      const works = [
        broker.getToolkit(name),
        broker.listTools({ keys: [name], limit: 1 }),
        broker.getAuthConfig(name),
        broker.getAccount(name),
        broker.setAccountEnabled(name, true),
        broker.revokeAccount(name),
        broker.executeTool(run),
      ];
      for (const work of works) await expect(work, name).rejects.toMatchObject({ fault: 'not_found' });
    }
    expect(await composio.control.requests()).toEqual([]);
  });

  it('asks once for each run, and pins the version', async () => {
    const { id } = await account();
    await composio.control.clearRequests();
    await asking(at).executeTool({
      tool: 'TRELLO_LIST_CARDS',
      version: '20251101_00',
      accountId: id,
      brokerUserId,
      arguments: {},
    });
    expect((await composio.control.requests()).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v3.1/tools/execute/TRELLO_LIST_CARDS',
    ]);
  });
});

describe('many tools', () => {
  it('come in pages to the last of ten thousand', async () => {
    await composio.control.settings({ many_tools: 10_000 });
    const broker = asking(at);
    const slugs = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await broker.listTools({ toolkit: 'warehouse', limit: 1000, cursor });
      for (const { slug } of page.items) slugs.add(slug);
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(slugs.size).toBe(10_000);
  }, 60_000);
});

describe('a link', () => {
  const start = async () => {
    const { id: authConfigId } = await managed();
    return asking(at).linkAccount({
      authConfigId,
      brokerUserId,
      callbackUrl: 'https://hub.example.com/back?request=7',
    });
  };
  const visit = (redirectUrl: string, decision = '') =>
    fetch(`${composio.url}${new URL(redirectUrl).pathname}${decision && `?decision=${decision}`}`, {
      redirect: 'manual',
    });
  const statusOf = async (id: string) => (await asking(at).getAccount(id)).status;

  it('leads over a page to an account that is active, and back with what was there', async () => {
    const { accountId, redirectUrl, expiresAt } = await start();
    expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now());
    expect(await (await visit(redirectUrl)).text()).toContain('Connect gmail');
    expect(await statusOf(accountId)).toBe('initiated');
    const back = new URL((await visit(redirectUrl, 'allow')).headers.get('location') ?? '');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      request: '7',
      status: 'success',
      connected_account_id: accountId,
    });
    expect(await statusOf(accountId)).toBe('active');
    expect((await visit(redirectUrl, 'allow')).status, 'once').toBe(410);
    expect(await asking(at).revokeAccount(accountId)).toBe(true);
    expect(await statusOf(accountId)).toBe('revoked');
    expect(await asking(at).revokeAccount(accountId), 'nothing left to end').toBe(false);
  });

  it('fails when the person refuses, and runs out', async () => {
    const refused = await start();
    await visit(refused.redirectUrl, 'deny');
    expect(await asking(at).getAccount(refused.accountId)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('refused'),
    });
    const late = await start();
    await composio.control.settings({ link_ttl_s: -1 });
    expect(await statusOf(late.accountId)).toBe('expired');
  });
});
