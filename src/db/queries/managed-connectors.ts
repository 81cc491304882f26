import { sql } from 'drizzle-orm';
import type { Drizzle } from '../client.ts';

/** The connectors of all tenants that are managed by this, and not by people. */
export async function selectManaged(db: Drizzle, by: string): Promise<{ tenantId: string; id: string }[]> {
  const rows = await db.execute(sql`select tenant_id as "tenantId", id from managed_connectors(${by})`);
  return rows as unknown as { tenantId: string; id: string }[];
}
