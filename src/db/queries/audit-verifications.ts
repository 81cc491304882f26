import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Drizzle, Tx } from '../client.ts';
import { auditEvents, auditSeals, auditVerifications } from '../schema/index.ts';

export type AuditVerificationRow = typeof auditVerifications.$inferSelect;

/** The tenants whose seals were not computed again for so long. */
export async function dueAuditVerifications(db: Drizzle, olderThan: string, max: number): Promise<string[]> {
  const rows = await db.execute<{ tenant_id: string }>(
    sql`select tenant_id from due_audit_verifications(${olderThan}::interval, ${max})`,
  );
  return rows.map((row) => row.tenant_id);
}

export async function findVerification(tx: Tx, tenantId: string): Promise<AuditVerificationRow | null> {
  const [row] = await tx.select().from(auditVerifications).where(eq(auditVerifications.tenantId, tenantId));
  return row ?? null;
}

export async function upsertVerification(
  tx: Tx,
  tenantId: string,
  found: Pick<AuditVerificationRow, 'seals' | 'events' | 'problems'>,
): Promise<void> {
  const row = { ...found, verifiedAt: sql`now()` };
  await tx
    .insert(auditVerifications)
    .values({ tenantId, id: uuidv7(), ...row })
    .onConflictDoUpdate({ target: auditVerifications.tenantId, set: row });
}

/** How many of the tenant’s events are sealed, and when the last of them happened. */
export async function measureSealed(tx: Tx, tenantId: string): Promise<{ events: number; upTo: Date | null }> {
  const sealed = tx
    .select({
      events: sql<number>`coalesce(sum(${auditSeals.events}), 0)::int`.as('events'),
      last: sql<number>`max(${auditSeals.lastPosition})`.as('last'),
    })
    .from(auditSeals)
    .where(eq(auditSeals.tenantId, tenantId))
    .as('sealed');
  const [row] = await tx
    .select({ events: sealed.events, upTo: auditEvents.createdAt })
    .from(sealed)
    .leftJoin(auditEvents, sql`${auditEvents.tenantId} = ${tenantId} and ${auditEvents.position} = ${sealed.last}`);
  return row ?? { events: 0, upTo: null };
}
