import { sql } from 'drizzle-orm';
import type { Hub } from '../../../src/context.ts';
import { findConnection } from '../../../src/db/queries/connections.ts';
import { findConnector } from '../../../src/db/queries/connectors.ts';
import { type LoadedDriver, type OAuthProvider, requestJson } from '../../../src/drivers/driver.ts';
import { callService } from '../../../src/services/calls/connected-calls.ts';
import { currentCredential } from '../../../src/services/credentials/credentials.ts';
import { systemCtx } from '../../../src/services/system.ts';
import { startApart } from '../../sandbox/run.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { client, connect, oauthService } from '../../support/oauth.ts';
import { Visitor } from '../../support/sso-visitor.ts';

const origin = 'https://id.example';
export type Reuse = OAuthProvider['refreshReuse'];

/** What processes need to stand on the same stage. */
export interface StageEnv {
  UPSTREAM_OVERRIDES: string;
  ALLOWED_PRIVATE_HOSTS: string;
}

/** Drivers whose services differ in what becomes of a refresh token that is used twice. */
export const driversOf = (): LoadedDriver[] =>
  (['safe', 'grace', 'revokes_family'] as const).map((refreshReuse) => ({
    ...oauthService(refreshReuse.replace('_', '-'), { refreshReuse }),
    checkHealth: async (context) => {
      await requestJson(context, `${origin}/api/me`, { headers: bearer(context.auth) });
      return { message: 'Signed in.' };
    },
  }));

const bearer = ({ access_token }: Record<string, unknown>) => ({ authorization: `Bearer ${access_token}` });

/** Asks the service who is connected, as a tool would. */
export async function ask(hub: Hub, tenantId: string, id: string, sideEffect: 'none' | 'write' = 'none') {
  const ctx = systemCtx(hub, tenantId, 'test');
  const target = await hub.db.asTenant(tenantId, async (tx) => {
    const connection = await findConnection(tx, tenantId, id);
    const connector = connection && (await findConnector(tx, tenantId, connection.connectorId));
    if (!connector) throw new Error('gone');
    const driver = hub.drivers.get(connector.catalog.key) as LoadedDriver;
    return { connection, connector, driver };
  });
  const { value } = await callService(ctx, target, { sideEffect }, (context) =>
    requestJson(context, `${origin}/api/me`, { headers: bearer(context.auth) }),
  );
  return (value as { account: string }).account;
}

export type RefreshStage = Awaited<ReturnType<typeof refreshStage>>;

/** The app, and an authorisation server in a process of its own whose clock may be off. */
export async function refreshStage(clockOffsetS = 0) {
  const callbacks = ['http://hub.localhost/connections/oauth/callback*'];
  const service = await startApart('oauth', { clients: [{ ...client, redirect_uris: callbacks }] }, clockOffsetS);
  const env: StageEnv = {
    UPSTREAM_OVERRIDES: JSON.stringify({ [origin]: service.url }),
    ALLOWED_PRIVATE_HOSTS: new URL(service.url).host,
  };
  const hub: TestApp = await testApp({ BASE_URL: 'http://hub.localhost', ...env }, driversOf());
  const { ada } = hub.cast;
  let count = 0;
  const run = (query: ReturnType<typeof sql>) =>
    hub.database.db.asTenant(ada.tenantId, (tx) => tx.execute(query)) as Promise<Json[]>;
  const secrets: string[] = [];
  return {
    ...hub,
    service,
    env,
    secrets,
    run,
    /** A connection of Ada's account, authorised by the whole way; its id. */
    async connected(reuse: Reuse): Promise<string> {
      count += 1;
      const auth = { method: 'oauth2', ...client, scopes: ['read'] };
      const body = { catalog_key: reuse.replace('_', '-'), name: `Service ${count}`, config: { origin }, auth };
      const { id: connector_id } = await (await hub.as(ada, 'POST', '/api/connectors', body)).json();
      const begun = await (await hub.as(ada, 'POST', '/api/connections/oauth/initiate', { connector_id })).json();
      await connect(new Visitor(hub).as(ada), begun.redirect_url);
      const [row] = await run(sql`select id from connections where connector_id = ${connector_id}`);
      return row.id;
    },
    call: (id: string, sideEffect?: 'none' | 'write') => ask(hub.hub, ada.tenantId, id, sideEffect),
    connection: async (id: string) => (await run(sql`select * from connections where id = ${id}`))[0],
    history: (id: string) =>
      run(sql`select version, state, ended_by, sealed is null as empty, verified_at from credentials
              where connection_id = ${id} order by version`),
    /** Lets the hub believe that the access token ends in so many seconds. */
    endsIn: (id: string, seconds: number) =>
      run(sql`update credentials set created_at = now() - interval '1 hour', expires_at = now() + make_interval(secs => ${seconds})
              where connection_id = ${id} and state = 'current'`),
    /** As if the last failure, or whoever died with the claim, were long ago. */
    later: (id: string) =>
      run(sql`update connections set refresh_after = now() - interval '1 second',
              refresh_claimed_until = case when refresh_claimed_until is null then null else now() - interval '1 second' end
              where id = ${id}`),
    /** Remembers the current secrets, to look for them where they must not be. */
    async noteSecrets(id: string) {
      const ctx = systemCtx(hub.hub, ada.tenantId, 'test');
      const current = await hub.database.db.asTenant(ada.tenantId, (tx) => currentCredential(tx, ctx, id));
      secrets.push(String(current?.value.access_token), String(current?.value.refresh_token));
    },
    refreshes: async () => (await service.control.counts()).granted.refresh_token ?? 0,
    close: async () => {
      await hub.close();
      await service.close();
    },
  };
}
