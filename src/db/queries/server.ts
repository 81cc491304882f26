import { sql } from 'drizzle-orm';
import type { Drizzle } from '../client.ts';

/** What the database's cluster is called for life: copies of it have the same. */
export async function systemIdentifier(db: Drizzle): Promise<string | null> {
  const rows = await db.execute(sql`select system_identifier::text as id from pg_catalog.pg_control_system()`);
  return (rows[0]?.id as string | undefined) ?? null;
}
