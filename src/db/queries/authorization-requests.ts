import { and, eq, gt, isNull, lt, ne, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Drizzle, Tx } from '../client.ts';
import { authorizationRequests } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type AuthorizationRequestRow = typeof authorizationRequests.$inferSelect;

const inSeconds = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;
const row = (tenantId: string, id: string) =>
  and(eq(authorizationRequests.tenantId, tenantId), eq(authorizationRequests.id, id));
/** It waits for its answer: nobody has used it yet, and its time is not up. */
const open = and(
  eq(authorizationRequests.status, 'pending'),
  isNull(authorizationRequests.usedAt),
  gt(authorizationRequests.expiresAt, sql`now()`),
);

/** A started authorisation that ends in so many seconds, by the database's clock. */
export async function insertAuthorizationRequest(
  tx: Tx,
  values: Omit<typeof authorizationRequests.$inferInsert, 'expiresAt'>,
  seconds: number,
): Promise<AuthorizationRequestRow> {
  const [made] = await tx
    .insert(authorizationRequests)
    .values({ ...values, expiresAt: inSeconds(seconds) })
    .returning();
  return made as AuthorizationRequestRow;
}

/** The tenant's request, or null; `over` when its time is up by the database's clock. */
export async function findAuthorizationRequest(
  tx: Tx,
  tenantId: string,
  id: string,
  options: { lock?: boolean } = {},
): Promise<(AuthorizationRequestRow & { over: boolean }) | null> {
  if (!isUuid(id)) return null;
  const query = tx
    .select({ request: authorizationRequests, over: sql<boolean>`${authorizationRequests.expiresAt} <= now()` })
    .from(authorizationRequests)
    .where(row(tenantId, id));
  const [found] = await (options.lock ? query.for('update') : query);
  return found ? { ...found.request, over: found.over } : null;
}

/** Notes that a browser was sent to the service, with at least so many seconds to come back; false when it is not open any more. */
export async function startAuthorizationRequest(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof authorizationRequests>,
  seconds: number,
): Promise<boolean> {
  const expiresAt = sql`greatest(${authorizationRequests.expiresAt}, ${inSeconds(seconds)})`;
  const done = await tx
    .update(authorizationRequests)
    .set({ ...values, startedAt: sql`now()`, expiresAt })
    .where(and(row(tenantId, id), open))
    .returning({ id: authorizationRequests.id });
  return done.length === 1;
}

/** The one use: of all answers with this state, and however often they come, one gets the row. */
export async function claimAuthorizationRequest(
  tx: Tx,
  tenantId: string,
  id: string,
  stateHash: string,
): Promise<AuthorizationRequestRow | null> {
  const [claimed] = await tx
    .update(authorizationRequests)
    .set({ usedAt: sql`now()` })
    .where(and(row(tenantId, id), open, eq(authorizationRequests.stateHash, stateHash)))
    .returning();
  return claimed ?? null;
}

/** Ends a request that is pending, and forgets its verifier; false when it had ended. */
export async function finishAuthorizationRequest(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof authorizationRequests>,
): Promise<boolean> {
  const done = await tx
    .update(authorizationRequests)
    .set({ ...values, finishedAt: sql`now()`, sealedVerifier: null, nextPollAt: null })
    .where(and(row(tenantId, id), eq(authorizationRequests.status, 'pending')))
    .returning({ id: authorizationRequests.id });
  return done.length === 1;
}

/** Removes ended requests that nobody asks about any more; returns how many. */
export async function forgetAuthorizationRequests(tx: Tx, tenantId: string, days: number): Promise<number> {
  const gone = await tx
    .delete(authorizationRequests)
    .where(
      and(
        eq(authorizationRequests.tenantId, tenantId),
        ne(authorizationRequests.status, 'pending'),
        lt(authorizationRequests.finishedAt, sql`now() - make_interval(days => ${days})`),
      ),
    )
    .returning({ id: authorizationRequests.id });
  return gone.length;
}

/** Whose request it is; asked before the tenant is known. */
export async function tenantOfAuthorization(db: Drizzle, id: string): Promise<string | null> {
  if (!isUuid(id)) return null;
  const [found] = await db.execute<{ tenant: string | null }>(sql`select authorization_tenant(${id}::uuid) as tenant`);
  return found?.tenant ?? null;
}

/** The request that a connect link opens; asked before the tenant is known. */
export async function requestOfLink(db: Drizzle, hash: string): Promise<{ tenantId: string; id: string } | null> {
  const [found] = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from connect_link_request(${hash})`,
  );
  return found ? { tenantId: found.tenant_id, id: found.id } : null;
}

/** Requests whose time is up, of any tenant; for a job. */
export async function dueAuthorizationExpiries(db: Drizzle, max: number): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from due_authorization_expiries(${max})`,
  );
  return rows.map(({ tenant_id, id }) => ({ tenantId: tenant_id, id }));
}

/** An open request for the same account at a broker by the same caller; whoever asks twice gets one. */
export async function findSameRequest(
  tx: Tx,
  tenantId: string,
  wanted: {
    connectorId: string;
    connectionId: string | null;
    userId: string | null;
    toolkitSlug: string;
    authConfigId: string;
    createdBy: string | null;
  },
): Promise<AuthorizationRequestRow | null> {
  const same = <C extends keyof typeof wanted>(name: C) => {
    const value = wanted[name];
    return value === null ? isNull(authorizationRequests[name]) : eq(authorizationRequests[name], value);
  };
  const [found] = await tx
    .select()
    .from(authorizationRequests)
    .where(
      and(
        eq(authorizationRequests.tenantId, tenantId),
        ...(Object.keys(wanted) as (keyof typeof wanted)[]).map(same),
        isNull(authorizationRequests.startedAt),
        open,
      ),
    )
    .limit(1);
  return found ?? null;
}

/** Claims asking the broker what became of it; false when it is not due, or somebody else asks. The next time comes after so many seconds. */
export async function claimPoll(tx: Tx, tenantId: string, id: string, seconds: number): Promise<boolean> {
  const claimed = await tx
    .update(authorizationRequests)
    .set({ nextPollAt: inSeconds(seconds), polls: sql`${authorizationRequests.polls} + 1` })
    .where(
      and(
        row(tenantId, id),
        eq(authorizationRequests.status, 'pending'),
        sql`${authorizationRequests.nextPollAt} <= now()`,
      ),
    )
    .returning({ id: authorizationRequests.id });
  return claimed.length === 1;
}

/** Requests of which a broker has to be asked, of any tenant; for a job. */
export async function dueAuthorizationPolls(db: Drizzle, max: number): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from due_authorization_polls(${max})`,
  );
  return rows.map(({ tenant_id, id }) => ({ tenantId: tenant_id, id }));
}
