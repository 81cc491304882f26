import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withConnection } from '../../../src/db/connection.ts';
import { type LoadedDriver, requestJson } from '../../../src/drivers/driver.ts';
import { deleteConnection } from '../../../src/services/connections/connection-deletion.ts';
import { refreshDue } from '../../../src/services/credentials/credential-refresh.ts';
import { rollBackCredential, rotateCredential } from '../../../src/services/credentials/credential-rotation.ts';
import { currentCredential } from '../../../src/services/credentials/credentials.ts';
import { wipeEndedCredentials } from '../../../src/services/credentials/ended-credentials.ts';
import { systemCtx } from '../../../src/services/system.ts';
import { digest } from '../../sandbox/control.ts';
import type { Json } from '../../support/app.ts';
import { connect, type OauthStage, oauthService, oauthStage, toCallback } from '../../support/oauth.ts';

/** RFC 7009, as the stand-in has it. */
const withRevocation = (key: string, changes: Partial<LoadedDriver>): LoadedDriver => ({
  ...oauthService(key, { refreshReuse: 'grace' }),
  revoke: async (context, { client_id, client_secret }) => {
    const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64');
    const body = new URLSearchParams({ token: String(context.auth.access_token) });
    const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' };
    await requestJson(context, 'https://id.example/token/revocation', { method: 'POST', headers, body: String(body) });
    return true;
  },
  ...changes,
});

let hub: OauthStage;
beforeAll(async () => {
  hub = await oauthStage([withRevocation('one', { revokesOneToken: true }), withRevocation('all', {})]);
});
afterAll(() => hub.close());
beforeEach(() => hub.service.control.clearFaults());

const run = (query: ReturnType<typeof sql>) =>
  hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) => tx.execute(query)) as Promise<Json[]>;
const system = () => systemCtx(hub.hub, hub.cast.ada.tenantId, 'test');
const patient = { timeout: 20_000, interval: 50 };

async function connected(key = 'one') {
  const { ada } = hub.cast;
  const connectorId = await hub.connector({ key });
  const { redirect_url } = await hub.begin(ada, { connector_id: connectorId });
  await connect(hub.browser(ada), redirect_url, 'ada');
  const [row] = await hub.connections(connectorId);
  return { connectorId, id: String(row?.id) };
}
const tokenOf = async (id: string) => {
  const current = await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) => currentCredential(tx, system(), id));
  return String(current?.value.access_token);
};
const stateOf = async (token: string) =>
  (await hub.service.control.tokens()).find((each) => each.token === digest(token))?.state ?? 'gone'; // the stand-in forgets what was revoked
const alive = async () =>
  (await hub.service.control.tokens()).filter(({ kind, state }) => kind === 'AccessToken' && state === 'active');
const endings = (id: string) =>
  run(
    sql`select details from audit_events where action = 'connection.replaced_credential_ended' and subject_id = ${id}`,
  );
async function reconnect({ connectorId, id }: { connectorId: string; id: string }, as = 'ada') {
  const { ada } = hub.cast;
  const { redirect_url } = await hub.begin(ada, { connector_id: connectorId, connection_id: id });
  return connect(hub.browser(ada), redirect_url, as);
}
/** Another token of the same account, as somebody would bring it along. */
async function another(): Promise<string> {
  const { id } = await connected();
  const token = await tokenOf(id);
  await run(sql`delete from connections where id = ${id}`);
  return token;
}

describe('a connection that is deleted while its credential is renewed', () => {
  it.each(['before the answer', 'and asks the service meanwhile'])('%s leaves no token alive', async (when) => {
    const { id } = await connected('all');
    const before = await alive();
    await run(sql`update connections set refresh_after = now() - interval '1 second' where id = ${id}`);
    await hub.service.control.clearRequests();
    await hub.service.control.fault('slow', { path: '/token', delay_ms: 1_500, times: 1 });
    const renewal = refreshDue(system(), id);
    await expect.poll(async () => (await hub.service.control.requests('/token')).length, patient).toBe(1);
    // By hand, as the stand-in ends the refresh token together with the access token.
    if (when === 'before the answer') await run(sql`delete from connections where id = ${id}`);
    else await run(sql`update connections set status = 'revoked' where id = ${id}`);
    await renewal;
    const granted = (await hub.service.control.requests('/token')).filter((each) => each.granted);
    expect(granted).toHaveLength(1);
    const left = (await alive()).filter(({ token }) => !before.some((each) => each.token === token));
    expect(left).toEqual([]);
    const line = hub.logged.find(
      (each) => each.includes('deleted while its credential was renewed') && each.includes(id),
    );
    expect(JSON.parse(line ?? '{}')).toMatchObject({ connection_id: id, revocation: 'revoked' });
    expect(await run(sql`select 1 from credentials where connection_id = ${id} and version > 1`)).toEqual([]);
  });
});

describe('a credential that was replaced', () => {
  it('by a new authorisation is ended at the service, and its successor is not', async () => {
    const made = await connected();
    const before = await tokenOf(made.id);
    expect((await reconnect(made)).status).toBe(303);
    expect(await stateOf(before)).toBe('active');
    await wipeEndedCredentials(hub.hub);
    expect([await stateOf(before), await stateOf(await tokenOf(made.id))]).toEqual(['gone', 'active']);
    expect(await endings(made.id)).toMatchObject([{ details: { revocation: 'revoked' } }]);
    expect(await wipeEndedCredentials(hub.hub)).toBe(0);
  });

  it('by a rotation is ended when it can be brought back no longer', async () => {
    const { id } = await connected();
    const first = await tokenOf(id);
    const [second, third] = [await another(), await another()];
    await rotateCredential(hub.ctx(hub.cast.ada), id, { access_token: second });
    await wipeEndedCredentials(hub.hub);
    expect(await stateOf(first)).toBe('active');
    await rotateCredential(hub.ctx(hub.cast.ada), id, { access_token: third });
    await wipeEndedCredentials(hub.hub);
    expect([await stateOf(first), await stateOf(second)]).toEqual(['gone', 'active']);
    await run(
      sql`update credentials set kept_until = now() - interval '1 second' where connection_id = ${id} and state = 'previous'`,
    );
    await wipeEndedCredentials(hub.hub);
    expect([await stateOf(second), await stateOf(third)]).toEqual(['gone', 'active']);
  });

  it('is told when the service does not end it, and not kept for that', async () => {
    const made = await connected();
    await reconnect(made);
    await hub.service.control.fault('status', { status: 400, path: '/token/revocation' });
    await wipeEndedCredentials(hub.hub);
    expect(await endings(made.id)).toMatchObject([
      { details: { revocation: 'failed', reason: expect.stringContaining('End it in the account’s settings there.') } },
    ]);
    const kept = sql`select 1 from credentials where connection_id = ${made.id} and state = 'previous'`;
    expect(await run(kept)).toEqual([]);
  });

  it('is ended by a later run when the service was away, and nobody can go back to it meanwhile', async () => {
    const made = await connected();
    const before = await tokenOf(made.id);
    await rotateCredential(hub.ctx(hub.cast.ada), made.id, { access_token: await another() });
    const [away, tooLong] = ['1 minute', '2 hours'].map(
      (ago) =>
        sql`update credentials set kept_until = now() - ${ago}::interval where connection_id = ${made.id} and state = 'previous'`,
    ) as [ReturnType<typeof sql>, ReturnType<typeof sql>];
    await run(away);
    await hub.service.control.fault('status', { status: 503, path: '/token/revocation' });
    expect([await wipeEndedCredentials(hub.hub), await endings(made.id)]).toEqual([0, []]);
    await expect(rollBackCredential(hub.ctx(hub.cast.ada), made.id)).rejects.toThrow(/kept|go back/);
    await hub.service.control.clearFaults();
    expect([await wipeEndedCredentials(hub.hub), await stateOf(before)]).toEqual([1, 'gone']);
    expect(await endings(made.id)).toMatchObject([{ details: { revocation: 'revoked' } }]);

    await reconnect(made);
    await run(tooLong);
    await hub.service.control.fault('status', { status: 503, path: '/token/revocation' });
    expect(await wipeEndedCredentials(hub.hub)).toBe(1);
    expect(await endings(made.id)).toMatchObject([{}, { details: { revocation: 'failed' } }]);
  });

  it('is left alone where that could cost its successor', async () => {
    const made = await connected('all');
    const before = await tokenOf(made.id);
    await reconnect(made);
    await wipeEndedCredentials(hub.hub);
    expect([await stateOf(before), await endings(made.id)]).toEqual(['active', []]);
  });

  it('and is still kept is ended with its connection', async () => {
    const { id } = await connected();
    const first = await tokenOf(id);
    const second = await another();
    await rotateCredential(hub.ctx(hub.cast.ada), id, { access_token: second });
    const { revocation } = await deleteConnection(hub.ctx(hub.cast.ada), id);
    expect([revocation.outcome, await stateOf(first), await stateOf(second)]).toEqual(['revoked', 'gone', 'gone']);
  });
});

it('what was granted and is not used is ended again', async () => {
  const made = await connected();
  const before = await alive();
  expect((await reconnect(made, 'ben')).status).toBe(409);
  const { redirect_url } = await hub.begin(hub.cast.ada, { connector_id: made.connectorId });
  const browser = hub.browser(hub.cast.ada);
  const callback = await toCallback(browser, redirect_url, 'ada');
  await hub.service.control.fault('status', { status: 500, path: '/api/me' });
  expect((await browser.send(callback)).status).toBe(400);
  expect(await alive()).toEqual(before);
  expect(
    await withConnection(
      hub.database.admin,
      (db) => db`select 1 from connections where connector_id = ${made.connectorId}`,
    ),
  ).toHaveLength(1);
});
