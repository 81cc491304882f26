import { and, desc, eq, gt, isNotNull, lt, ne, or, type SQL, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Tx } from '../client.ts';
import { preparedInsert, preparedUpdate } from '../prepared.ts';
import { connections, type ExecutionStatus, executions } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type ExecutionRow = typeof executions.$inferSelect;

export interface ExecutionFilter {
  connectorId?: string;
  connectionId?: string;
  status?: ExecutionStatus;
  tool?: string;
  /** The last id of the previous page. */
  beforeId?: string | null;
  reader: Reader | null;
  limit: number;
}

/** Whose eyes these are; null sees all. */
export interface Reader {
  actorId: string | null;
  /** The person behind the actor. */
  person: string | null;
}

/** What went through somebody else's own account is theirs, and of whoever called. */
const visibleTo = (reader: Reader | null): SQL | undefined =>
  reader
    ? sql`(${executions.actorId} = ${reader.actorId} or not exists (
        select from ${connections} where ${connections.tenantId} = ${executions.tenantId} and ${connections.id} = ${executions.connectionId}
          and ${connections.userId} is not null and ${connections.userId} is distinct from ${reader.person}))`
    : undefined;

/** Newest first. */
export function selectExecutions(tx: Tx, tenantId: string, filter: ExecutionFilter): Promise<ExecutionRow[]> {
  return tx
    .select()
    .from(executions)
    .where(
      and(
        eq(executions.tenantId, tenantId),
        filter.connectorId ? eq(executions.connectorId, filter.connectorId) : undefined,
        filter.connectionId ? eq(executions.connectionId, filter.connectionId) : undefined,
        filter.status && eq(executions.status, filter.status),
        filter.tool ? eq(executions.tool, filter.tool) : undefined,
        filter.beforeId && isUuid(filter.beforeId) ? lt(executions.id, filter.beforeId) : undefined,
        visibleTo(filter.reader),
      ),
    )
    .orderBy(desc(executions.id))
    .limit(filter.limit);
}

export async function findExecution(
  tx: Tx,
  tenantId: string,
  id: string,
  reader: Reader | null,
): Promise<ExecutionRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await tx
    .select()
    .from(executions)
    .where(and(eq(executions.tenantId, tenantId), eq(executions.id, id), visibleTo(reader)));
  return row ?? null;
}

export async function insertExecution(tx: Tx, values: typeof executions.$inferInsert): Promise<void> {
  await insertPrepared(tx, values);
}

const insertPrepared = preparedInsert(executions, (insert) => insert);

/** Ends a running execution; false when something else has ended it meanwhile. */
export async function finishExecution(
  tx: Tx,
  tenantId: string,
  id: string,
  values: Partial<typeof executions.$inferInsert>,
): Promise<boolean> {
  const done = await finishPrepared(tx, values, { tenantId, id });
  return done.length === 1;
}

const finishPrepared = preparedUpdate((db, values: PgUpdateSetSource<typeof executions>) =>
  db
    .update(executions)
    .set({ ...values, finishedAt: sql`now()` })
    .where(
      and(
        eq(executions.tenantId, sql.placeholder('tenantId')),
        eq(executions.id, sql.placeholder('id')),
        eq(executions.status, 'running'),
      ),
    )
    .returning({ id: executions.id }),
);

/** How many the tenant has started within the last hour, beside one. */
export function countLastHour(tx: Tx, tenantId: string, besideId?: string): Promise<number> {
  return tx.$count(
    executions,
    and(
      eq(executions.tenantId, tenantId),
      gt(executions.createdAt, sql`now() - interval '1 hour'`),
      besideId ? ne(executions.id, besideId) : undefined,
    ),
  );
}

/** What a key has started within the last hour, beside one; others that count it wait until this transaction ends. */
export async function countKeyCalls(tx: Tx, tenantId: string, keyId: string, besideId?: string) {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`key calls ${keyId}`}, 0))`);
  const [row] = await tx
    .select({
      count: sql<number>`count(*)::int`,
      oldestAgo: sql<number>`coalesce(floor(extract(epoch from now() - min(${executions.createdAt}))), 0)::int`,
    })
    .from(executions)
    .where(
      and(
        eq(executions.tenantId, tenantId),
        eq(executions.actorId, keyId),
        gt(executions.createdAt, sql`now() - interval '1 hour'`),
        besideId ? ne(executions.id, besideId) : undefined,
      ),
    );
  return row ?? { count: 0, oldestAgo: 0 };
}

/** Removes executions that are older than so many days, of all tenants, at most so many; returns how many. */
export async function forgetExecutions(tx: { execute: Tx['execute'] }, days: number, max: number): Promise<number> {
  const [row] = await tx.execute(sql`select forget_executions(make_interval(days => ${days}), ${max}) as n`);
  return Number(row?.n ?? 0);
}

/** Executions of all tenants that have been running for longer than any call may. */
export async function dueStuckExecutions(tx: { execute: Tx['execute'] }, max: number) {
  const rows = await tx.execute(sql`select tenant_id, id from due_stuck_executions(${max})`);
  return (rows as unknown as { tenant_id: string; id: string }[]).map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
  }));
}

/** How often somebody called a tool. */
export interface UseRow {
  actorType: string;
  actorName: string;
  tool: string;
  count: number;
  lastAt: Date;
}

/** Of a connector or of one of its connections, in the last 30 days, the most frequent first. */
export function selectUse(
  tx: Tx,
  tenantId: string,
  filter: Pick<ExecutionFilter, 'connectorId' | 'connectionId' | 'reader'>,
): Promise<UseRow[]> {
  const count = sql<number>`count(*)::int`;
  return tx
    .select({
      actorType: executions.actorType,
      actorName: sql<string>`max(${executions.actorName})`,
      tool: executions.tool,
      count,
      lastAt: sql<Date>`max(${executions.createdAt})`.mapWith(executions.createdAt),
    })
    .from(executions)
    .where(
      and(
        eq(executions.tenantId, tenantId),
        filter.connectorId ? eq(executions.connectorId, filter.connectorId) : undefined,
        filter.connectionId ? eq(executions.connectionId, filter.connectionId) : undefined,
        gt(executions.createdAt, sql`now() - interval '30 days'`),
        visibleTo(filter.reader),
      ),
    )
    .groupBy(executions.actorType, executions.actorId, executions.tool)
    .orderBy(desc(count))
    .limit(20);
}

/** Removes what was kept of inputs and outputs. */
export async function dropPayloads(tx: Tx, tenantId: string): Promise<void> {
  await tx
    .update(executions)
    .set({ input: null, output: null })
    .where(and(eq(executions.tenantId, tenantId), or(isNotNull(executions.input), isNotNull(executions.output))));
}
