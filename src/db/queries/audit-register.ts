import { asc, inArray, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { auditHeads, auditRegister } from '../schema/index.ts';

/** A trail's newest seal, as it is remembered outside of the trail. */
export type AuditHead = typeof auditHeads.$inferSelect;
export type RegisterRow = typeof auditRegister.$inferSelect;

const theOne = 1;

export async function findRegister(db: Drizzle | Tx): Promise<RegisterRow | null> {
  const [row] = await db.select().from(auditRegister);
  return row ?? null;
}

/** The register, which nobody else can write until this transaction ends. */
export async function holdRegister(tx: Tx): Promise<RegisterRow | null> {
  const [row] = await tx.select().from(auditRegister).for('update');
  return row ?? null;
}

export async function insertRegister(tx: Tx, row: Omit<RegisterRow, 'id'>): Promise<void> {
  await tx.insert(auditRegister).values({ id: theOne, ...row });
}

export async function updateRegister(tx: Tx, row: Pick<RegisterRow, 'version' | 'mac'>): Promise<void> {
  await tx.update(auditRegister).set(row);
}

/** All of them, or those of these trails. */
export const selectHeads = (db: Drizzle | Tx, scopes?: string[]): Promise<AuditHead[]> =>
  db
    .select()
    .from(auditHeads)
    .where(scopes && inArray(auditHeads.scope, scopes))
    .orderBy(asc(auditHeads.scope));

export async function upsertHeads(tx: Tx, heads: AuditHead[]): Promise<void> {
  if (!heads.length) return;
  await tx
    .insert(auditHeads)
    .values(heads)
    .onConflictDoUpdate({
      target: auditHeads.scope,
      set: { number: sql`excluded.number`, sealMac: sql`excluded.seal_mac` },
    });
}

/** The newest seal of every tenant. */
export async function selectNewestSeals(tx: Tx): Promise<AuditHead[]> {
  const rows = await tx.execute<{ tenant_id: string; number: number; mac: string }>(
    sql`select tenant_id, number, mac from newest_audit_seals()`,
  );
  return rows.map((row) => ({ scope: row.tenant_id, number: row.number, sealMac: row.mac }));
}

/** Lets one process at a time begin the register. */
export async function lockFounding(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchbay audit register', 0))`);
}
