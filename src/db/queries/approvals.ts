import { and, asc, desc, eq, gt, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { Drizzle, Tx } from '../client.ts';
import { type ApprovalStatus, approvals, connections, connectors, executions } from '../schema/index.ts';
import { isUuid } from './text.ts';

export type ApprovalRow = typeof approvals.$inferSelect;

export async function insertApproval(tx: Tx, row: typeof approvals.$inferInsert): Promise<void> {
  await tx.insert(approvals).values(row);
}

const named = (tenantId: string, id: string) => and(eq(approvals.tenantId, tenantId), eq(approvals.id, id));

export async function findApproval(
  tx: Tx,
  tenantId: string,
  id: string,
  { lock = false } = {},
): Promise<ApprovalRow | null> {
  if (!isUuid(id)) return null;
  const found = tx.select().from(approvals).where(named(tenantId, id));
  const [row] = await (lock ? found.for('update') : found);
  return row ?? null;
}

export interface ApprovalFilter {
  statuses?: ApprovalStatus[];
  keyId?: string;
  beforeId?: string | null;
  limit: number;
  /** The one that waits longest first. */
  oldestFirst?: boolean;
}

export const selectApprovals = (tx: Tx, tenantId: string, filter: ApprovalFilter): Promise<ApprovalRow[]> =>
  tx
    .select()
    .from(approvals)
    .where(and(eq(approvals.tenantId, tenantId), ...matching(filter)))
    .orderBy(filter.oldestFirst ? asc(approvals.id) : desc(approvals.id))
    .limit(filter.limit);

const matching = ({ statuses, keyId, beforeId }: ApprovalFilter): (SQL | undefined)[] => [
  statuses && inArray(approvals.status, statuses),
  keyId ? eq(approvals.keyId, keyId) : undefined,
  beforeId && isUuid(beforeId) ? lt(approvals.id, beforeId) : undefined,
];

/** Lets one transaction at a time count what waits of this key and add to it. */
export async function lockPending(tx: Tx, tenantId: string, keyId: string): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`patchbay:approvals:${tenantId}:${keyId}`}, 0))`,
  );
}

/** How many wait for somebody: all of the tenant's, or those of one key. */
export const countPending = (tx: Tx, tenantId: string, keyId?: string): Promise<number> =>
  tx.$count(
    approvals,
    and(
      eq(approvals.tenantId, tenantId),
      eq(approvals.status, 'pending'),
      gt(approvals.expiresAt, sql`now()`),
      keyId ? eq(approvals.keyId, keyId) : undefined,
    ),
  );

/** Changes it as long as it stands so and has not begun; false when somebody else was first. */
export async function moveApproval(
  tx: Tx,
  tenantId: string,
  id: string,
  from: ApprovalStatus[],
  values: PgUpdateSetSource<typeof approvals>,
): Promise<boolean> {
  const rows = await tx
    .update(approvals)
    .set(values)
    .where(and(named(tenantId, id), inArray(approvals.status, from), isNull(approvals.begunAt)))
    .returning({ id: approvals.id });
  return rows.length === 1;
}

/** Takes what was approved for this transaction alone, with its execution; false when it is not to be begun, or was already. */
export async function beginApproved(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const begun = await tx
    .update(approvals)
    .set({ begunAt: sql`now()`, sealed: null })
    .where(
      and(
        named(tenantId, id),
        eq(approvals.status, 'approved'),
        isNull(approvals.begunAt),
        gt(approvals.expiresAt, sql`now()`),
      ),
    )
    .returning({ id: approvals.id });
  // Counted as called, and looked after, from now on.
  return begun.length === 1 && moveWaiting(tx, tenantId, id, { status: 'running', createdAt: sql`now()` });
}

/** Ends, or begins, an execution that waits for approval; false when it does not wait. */
export async function moveWaiting(
  tx: Tx,
  tenantId: string,
  id: string,
  values: PgUpdateSetSource<typeof executions>,
): Promise<boolean> {
  const rows = await tx
    .update(executions)
    .set(values)
    .where(and(eq(executions.tenantId, tenantId), eq(executions.id, id), eq(executions.status, 'awaiting_approval')))
    .returning({ id: executions.id });
  return rows.length === 1;
}

/** Keeps what came back, or forgets it. */
export async function keepResult(
  tx: Tx,
  tenantId: string,
  id: string,
  values: Pick<PgUpdateSetSource<typeof approvals>, 'sealed' | 'resultUntil'>,
): Promise<void> {
  await tx.update(approvals).set(values).where(named(tenantId, id));
}

/** Whether what the call goes through is still there. */
export async function selectStanding(tx: Tx, { tenantId, connectorId, connectionId }: ApprovalRow) {
  const connector = tx.$count(
    connectors,
    and(eq(connectors.tenantId, tenantId), eq(connectors.id, connectorId), isNull(connectors.deletedAt)),
  );
  const connection = tx.$count(connections, and(eq(connections.tenantId, tenantId), eq(connections.id, connectionId)));
  return { connector: (await connector) > 0, connection: (await connection) > 0 };
}

/** Of all tenants: what can be begun or has to end, and results that were kept long enough. */
export async function dueApprovals(db: Drizzle, max: number): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute<{ tenant_id: string; id: string }>(
    sql`select tenant_id, id from due_approvals(${max})`,
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, id: row.id }));
}
