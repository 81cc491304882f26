import { readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dueDeliveries, insertDeliveries } from '../../../src/db/queries/webhook-deliveries.ts';
import { AppError } from '../../../src/errors.ts';
import { recordAudit } from '../../../src/services/audit.ts';
import { setConnectionStatus } from '../../../src/services/connections/connection-status.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { systemCtx } from '../../../src/services/system.ts';
import { exportTenant } from '../../../src/services/tenants/tenant-export.ts';
import {
  deliverWebhook,
  forgetOldDeliveries,
  listDeliveries,
} from '../../../src/services/webhooks/webhook-deliveries.ts';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../../src/services/webhooks/webhooks.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import { connectionUnder } from '../../support/rows.ts';
import { isSignedBy, type Receiver, webhookReceiver } from '../../support/webhook-receiver.ts';

let receiver: Receiver;
let hub: TestApp;
beforeAll(async () => {
  receiver = await webhookReceiver();
  hub = await testApp({ ALLOWED_PRIVATE_HOSTS: receiver.host });
});
afterAll(async () => {
  await hub.close();
  await receiver.close();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = 200;
});
afterEach(async () => {
  for (const { id } of await listWebhooks(ada())) await deleteWebhook(ada(), id);
});

const ada = () => hub.ctx(hub.cast.ada);
const job = () => systemCtx(hub.hub, hub.cast.ada.tenantId, 'deliver-webhook');
const inNorthwind = (statement: ReturnType<typeof sql>) =>
  hub.hub.db.asTenant(hub.cast.ada.tenantId, (tx) => tx.execute(statement));

const everything = [
  'connection.created',
  'connection.expired',
  'connection.health_changed',
  'connector.status_changed',
];
const make = (more: { url?: string; events?: string[] } = {}) =>
  createWebhook(ada(), { url: receiver.url, events: everything, ...more });

let count = 0;
/** A connector with a connection of its own; webhooks are told of that. */
async function install(): Promise<string> {
  count += 1;
  const auth = { method: 'token', access_token: 'ghp_canary0000000000000000000000000000000' };
  const fields = { name: `Canary ${count}`, tags: [], config: {}, auth };
  return (await installConnector(ada(), 'github', fields)).id;
}

const due = async () => (await dueDeliveries(hub.hub.db.system, 100)).map(({ id }) => id);
async function deliverAll(options = {}) {
  for (const id of await due()) await deliverWebhook(job(), id, options);
}
const soon = () => inNorthwind(sql`update webhook_deliveries set due_at = now() where status = 'pending'`);
const messages = () => receiver.received.map(({ body }) => JSON.parse(body));
const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => expect.unreachable('it should have been refused'),
    (error) => {
      expect(error).toBeInstanceOf(AppError);
      return error;
    },
  );

describe('what happens is told', () => {
  it('when a connection is made and its connector switched on, off, failed and recovered', async () => {
    const { secret, webhook } = await make();
    const id = await install();
    await setConnectorStatus(ada(), id, 'active');
    await setConnectionStatus(ada(), await connectionUnder(hub, id), 'inactive');
    await setConnectionStatus(ada(), await connectionUnder(hub, id), 'active');
    await setConnectorStatus(ada(), id, 'inactive');
    await deliverAll();
    const told = messages();
    expect(told.map(({ type, data }) => [type, data.connector.id, data.connector.status])).toEqual([
      ['connection.created', id, undefined],
      ...['active', 'error', 'active', 'inactive'].map((status) => ['connector.status_changed', id, status]),
    ]);
    expect(told[0].data.connection).toMatchObject({ status: 'active', health: 'unknown', user_id: null });
    expect(told[2].data.reason).toContain('No connection of it is switched on.');
    expect(receiver.received.every((each) => isSignedBy(each, secret))).toBe(true);
    const { data } = await listDeliveries(ada(), webhook.id);
    expect(data.map(({ id: each }) => each).sort()).toEqual(
      receiver.received.map(({ headers }) => headers['webhook-id']).sort(),
    );
    expect(data.every(({ status, deliveredAt }) => status === 'delivered' && deliveredAt)).toBe(true);
  });

  it('when a connection expires or its health changes, with the reason', async () => {
    await make();
    const connection = await connectionUnder(hub, await install());
    await inNorthwind(sql`update webhook_deliveries set status = 'delivered'`);
    for (const action of ['connection.expired', 'connection.health_changed', 'connection.deleted'])
      await hub.hub.db.asTenant(hub.cast.ada.tenantId, (tx) =>
        recordAudit(tx, job(), {
          action,
          subject: { type: 'connection', id: connection, name: 'Canary' },
          details: { reason: 'The token was revoked.' },
        }),
      );
    await deliverAll();
    expect(messages().map(({ type, data }) => [type, data.connection.id, data.reason])).toEqual([
      ['connection.expired', connection, 'The token was revoked.'],
      ['connection.health_changed', connection, 'The token was revoked.'],
    ]);
  });

  it('to whom wants to be told, and only if the change is saved', async () => {
    await make({ events: ['connector.status_changed'] });
    const off = await make();
    await updateWebhook(ada(), off.webhook.id, { enabled: false });
    const id = await install();
    expect(await due()).toEqual([]);
    const undone = hub.hub.db.asTenant(hub.cast.ada.tenantId, async (tx) => {
      await recordAudit(tx, ada(), { action: 'connector.activated', subject: { type: 'connector', id, name: 'x' } });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await due()).toEqual([]);
  });

  it('without any secret', async () => {
    const { secret } = await make();
    await install();
    await deliverAll();
    const [{ body, headers }] = receiver.received as [(typeof receiver.received)[number]];
    for (const text of [body, JSON.stringify(headers)]) expect(text).not.toMatch(/ghp_canary|pb1\./);
    const stored = JSON.stringify(await inNorthwind(sql`select w, d from webhooks w, webhook_deliveries d`));
    for (const text of [stored, hub.logged.join()]) expect(text).not.toContain(secret.slice('whsec_'.length));
    const trail = JSON.stringify(await inNorthwind(sql`select * from audit_events where action like 'webhook.%'`));
    expect(trail).not.toContain('/hooks');
  });

  it('never in another workspace', async () => {
    await make();
    const cleo = hub.ctx(hub.cast.cleo);
    await createWebhook(cleo, { url: receiver.url, events: everything });
    await install();
    const [{ tenant_id: tenantId } = { tenant_id: '' }, ...more] = await dueDeliveries(hub.hub.db.system, 100);
    expect([tenantId, more]).toEqual([hub.cast.ada.tenantId, []]);
    const [id = ''] = await due();
    expect(await deliverWebhook(systemCtx(hub.hub, hub.cast.cleo.tenantId, 'deliver-webhook'), id)).toBe(0);
    expect(receiver.received).toEqual([]);
  });
});

describe('a delivery that fails', () => {
  const only = async () => {
    const [webhook] = await listWebhooks(ada());
    const { data } = await listDeliveries(ada(), webhook?.id ?? '');
    expect(data).toHaveLength(1);
    return data[0] as NonNullable<(typeof data)[number]>;
  };

  it('is made again later with the same id, and never after it arrived', async () => {
    const { secret } = await make();
    await install();
    receiver.answer = 500;
    await deliverAll();
    expect(await only()).toMatchObject({ status: 'pending', attempts: 1, responseStatus: 500 });
    expect((await only()).message).toContain('500');
    expect(await due()).toEqual([]);
    await soon();
    receiver.answer = 204;
    await deliverAll();
    expect(await only()).toMatchObject({ status: 'delivered', attempts: 2, responseStatus: 204, message: null });
    const { id } = await only();
    await soon();
    expect([await due(), await deliverWebhook(job(), id)]).toEqual([[], 0]);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(receiver.received.every((each) => isSignedBy(each, secret))).toBe(true);
    expect((await listWebhooks(ada()))[0]?.failingSince).toBeNull();
  });

  it('is attempted once by many at the same moment', async () => {
    await make();
    await install();
    const [id = ''] = await due();
    const done = await Promise.all(Array.from({ length: 10 }, () => deliverWebhook(job(), id)));
    expect(done.sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(receiver.received).toHaveLength(1);
  });

  it.each([
    ['answers nothing in time', () => {}, /did not answer in time/],
    ['hangs up', (response: { destroy(): void }) => void response.destroy(), /broke off/],
    ['redirects', 302, /redirects are not followed/],
  ])('says that the receiver %s', async (_what, answer, message) => {
    await make();
    await install();
    receiver.answer = answer as Receiver['answer'];
    await deliverAll({ deadlineMs: 1_000 });
    expect(await only()).toMatchObject({ status: 'pending', attempts: 1, message: expect.stringMatching(message) });
    expect(receiver.received).toHaveLength(1);
  });

  it('waits longer each time, and is given up after a day', async () => {
    await make();
    await install();
    receiver.answer = 503;
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await soon();
      await deliverAll();
      const { status, attempts, dueAt } = await only();
      expect([status, attempts]).toEqual([attempt === 8 ? 'failed' : 'pending', attempt]);
      if (status === 'pending') waits.push((dueAt.getTime() - Date.now()) / 1000);
    }
    expect(waits).toHaveLength(7);
    expect(waits.slice(0, 6)).toEqual(waits.slice(0, 6).sort((a, b) => a - b));
    expect(waits[0]).toBeLessThan(60);
    const hours = waits.reduce((sum, wait) => sum + wait, 0) / 3600;
    expect(hours).toBeGreaterThan(20);
    expect(hours).toBeLessThan(27);
    await soon();
    expect(await due()).toEqual([]);
    expect((await listWebhooks(ada()))[0]).toMatchObject({ enabled: true, failingSince: expect.any(Date) });
  });

  it('for good after days of failing switches the webhook off, which says so', async () => {
    const { webhook } = await make();
    await install();
    await inNorthwind(sql`update webhooks set failing_since = now() - interval '4 days'`);
    await inNorthwind(sql`update webhook_deliveries set attempts = 7`);
    await install();
    receiver.answer = 500;
    const [first = ''] = await due();
    await deliverWebhook(job(), first);
    const after = await getWebhook(ada(), webhook.id);
    expect([after.enabled, after.disabledReason]).toEqual([false, expect.stringContaining('status 500')]);
    const { data } = await listDeliveries(ada(), webhook.id);
    expect(data.map(({ status }) => status)).toEqual(['failed', 'failed']);
    const [event] = await inNorthwind(sql`select action, actor_type from audit_events order by id desc limit 1`);
    expect(event).toEqual({ action: 'webhook.switched_off', actor_type: 'system' });
    const { webhook: again } = await updateWebhook(ada(), webhook.id, { enabled: true });
    expect(again).toMatchObject({ enabled: true, disabledReason: null, failingSince: null });
  });

  it('with 410 switches the webhook off at once', async () => {
    const { webhook } = await make();
    await install();
    receiver.answer = 410;
    await deliverAll();
    expect(await getWebhook(ada(), webhook.id)).toMatchObject({
      enabled: false,
      disabledReason: expect.stringContaining('410'),
    });
  });

  it('because nothing listens there says so', async () => {
    const gone = await webhookReceiver();
    await gone.close();
    const at = await testApp({ ALLOWED_PRIVATE_HOSTS: gone.host });
    try {
      const { webhook } = await createWebhook(at.ctx(at.cast.ada), { url: gone.url, events: everything });
      const delivery = await testWebhook(at.ctx(at.cast.ada), webhook.id);
      expect(delivery).toMatchObject({ status: 'failed', message: 'Nothing answers at this address and port.' });
    } finally {
      await at.close();
    }
  });

  it('leaves with its webhook, also while it is under way', async () => {
    const { webhook } = await make();
    await install();
    let deleted: Promise<unknown> | undefined;
    receiver.answer = (response) => {
      deleted = deleteWebhook(ada(), webhook.id).finally(() => response.writeHead(200).end());
    };
    await deliverAll();
    await deleted;
    expect((await errorOf(getWebhook(ada(), webhook.id))).code).toBe('not_found');
    expect(await inNorthwind(sql`select 1 from webhook_deliveries where webhook_id = ${webhook.id}`)).toHaveLength(0);
  });
});

describe('the signing secret', () => {
  it('that was replaced signs along for a day', async () => {
    const { webhook, secret: first } = await make();
    const { secret: second } = await rotateWebhookSecret(ada(), webhook.id);
    expect(second).not.toBe(first);
    await testWebhook(ada(), webhook.id);
    const [message] = receiver.received;
    if (!message) return expect.unreachable();
    expect([isSignedBy(message, first), isSignedBy(message, second)]).toEqual([true, true]);
    expect(isSignedBy({ ...message, body: `${message.body} ` }, second)).toBe(false);
    const { secret: third } = await rotateWebhookSecret(ada(), webhook.id);
    await testWebhook(ada(), webhook.id);
    const last = receiver.received.at(-1) ?? message;
    expect([first, second, third].map((each) => isSignedBy(last, each))).toEqual([false, true, true]);
  });

  it('is checked by the example of the documentation', async () => {
    const text = readFileSync(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8');
    const [, code = ''] = /```js\n(.*?)```/s.exec(text) ?? [];
    const { isFromPatchbay } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const { webhook, secret } = await make();
    await testWebhook(ada(), webhook.id);
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[number]];
    expect(isFromPatchbay(secret, headers, body)).toBe(true);
    expect(isFromPatchbay(secret, headers, `${body} `)).toBe(false);
    expect(isFromPatchbay(`whsec_${Buffer.alloc(32).toString('base64')}`, headers, body)).toBe(false);
    expect(isFromPatchbay(secret, { ...headers, 'webhook-timestamp': '1' }, body)).toBe(false);
  });

  it('is made anew for another origin, and stays for another path', async () => {
    const { webhook, secret } = await make();
    const moved = await updateWebhook(ada(), webhook.id, { url: `${receiver.url}/further?token=abc` });
    expect(moved.secret).toBeNull();
    await testWebhook(ada(), webhook.id);
    const [message] = receiver.received;
    if (!message) return expect.unreachable();
    expect([message.path, isSignedBy(message, secret)]).toEqual(['/hooks/further?token=abc', true]);
    const elsewhere = await updateWebhook(ada(), webhook.id, { url: 'https://example.com/hooks' });
    expect(elsewhere.secret).toMatch(/^whsec_/);
    const back = await updateWebhook(ada(), webhook.id, { url: receiver.url });
    await testWebhook(ada(), webhook.id);
    const last = receiver.received.at(-1) ?? message;
    expect([secret, elsewhere.secret ?? '', back.secret ?? ''].map((each) => isSignedBy(last, each))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('signs for nobody else when only the row was changed', async () => {
    const other = await webhookReceiver();
    const at = await testApp({ ALLOWED_PRIVATE_HOSTS: `${receiver.host},${other.host}` });
    try {
      const ctx = at.ctx(at.cast.ada);
      const { webhook } = await createWebhook(ctx, { url: receiver.url, events: everything });
      await at.hub.db.asTenant(ctx.tenantId, (tx) => tx.execute(sql`update webhooks set url = ${other.url}`));
      expect(await testWebhook(ctx, webhook.id)).toMatchObject({ status: 'failed', responseStatus: null });
      expect([other.received, receiver.received]).toEqual([[], []]);
      await rotateWebhookSecret(ctx, webhook.id);
      expect(await testWebhook(ctx, webhook.id)).toMatchObject({ status: 'delivered' });
    } finally {
      await at.close();
      await other.close();
    }
  });
});

describe('an address', () => {
  it.each([
    ['http://example.com/hooks', /https/],
    ['http://127.0.0.2/hooks', /https/],
    ['https://127.0.0.1/hooks', /not a public one/],
    ['https://[::1]/hooks', /not a public one/],
    ['https://2130706433/', /not a public one/],
    ['https://169.254.169.254/latest', /not a public one/],
    ['https://user:pass@example.com/', /user name/],
    ['https://example.com/#x', /#/],
    ['ftp://example.com/', /https/],
    ['javascript:alert(1)', /https/],
    ['example.com', /full address/],
    [7, /full address/],
  ])('%s is refused', async (url, message) => {
    const error = await errorOf(createWebhook(ada(), { url, events: everything }));
    expect(error.errors?.url?.[0]).toMatch(message);
  });

  it('of more than 2048 characters is refused', async () => {
    const url = `https://example.com/${'x'.repeat(2048)}`;
    expect((await errorOf(createWebhook(ada(), { url, events: everything }))).errors?.url?.[0]).toContain('2048');
  });

  it('whose name leads inside is not called', async () => {
    const { webhook } = await make({ url: 'https://localhost:8443/hooks' });
    expect(await testWebhook(ada(), webhook.id)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('not a public one'),
    });
  });

  it('is kept as browsers read it: nothing invisible stands in it', async () => {
    const { webhook } = await make({ url: 'https://exa\u00admple.com/a\u202eb\tc?d=\u0085' });
    expect(webhook.url).toBe('https://example.com/a%E2%80%AEbc?d=%C2%85');
  });

  it('is exported without what may be a token', async () => {
    await make({ url: 'https://example.com/hooks?token=s3cret' });
    const { pieces } = await exportTenant(
      { ...ada(), actor: { type: 'user', id: hub.cast.ada.id, name: 'Ada' } },
      hub.cast.ada.tenantId,
    );
    let text = '';
    for await (const piece of pieces) text += piece;
    expect(JSON.parse(text).webhooks[0].url).toBe('https://example.com/hooks');
    expect(text).not.toContain('s3cret');
  });
});

it('gives up what waits when it is switched off', async () => {
  const { webhook } = await make();
  await install();
  await updateWebhook(ada(), webhook.id, { enabled: false });
  await deliverAll();
  expect(receiver.received).toEqual([]);
  const { data } = await listDeliveries(ada(), webhook.id);
  expect(data[0]).toMatchObject({ status: 'failed', message: expect.stringContaining('switched off') });
  expect(await testWebhook(ada(), webhook.id)).toMatchObject({ status: 'delivered', event: 'webhook.test' });
});

it('can be made five times, also when all come at once', async () => {
  const made = await Promise.allSettled(Array.from({ length: 8 }, () => make()));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  expect((await errorOf(make())).code).toBe('quota_exceeded');
});

it('forgets deliveries that ended a month ago', async () => {
  const { webhook } = await make();
  const { tenantId } = hub.cast.ada;
  const row = (id: string, status: 'failed' | 'pending', days: number) => ({
    ...{ tenantId, id, webhookId: webhook.id, event: 'webhook.test', payload: {}, status },
    createdAt: new Date(Date.now() - days * 86_400_000),
  });
  const id = (n: number) => `0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a7${n}`;
  await hub.hub.db.asTenant(tenantId, (tx) =>
    insertDeliveries(tx, [row(id(1), 'failed', 31), row(id(2), 'pending', 31), row(id(3), 'failed', 29)]),
  );
  expect(await forgetOldDeliveries(hub.hub)).toBe(1);
  expect((await listDeliveries(ada(), webhook.id)).data.map((each) => each.id)).toEqual([id(3), id(2)]);
});
