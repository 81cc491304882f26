import { sql } from 'drizzle-orm';
import type { Drizzle } from '../client.ts';
import { isUuid } from './text.ts';

/** Whose connector it is that a broker reports to; asked before the tenant is known. */
export async function tenantOfConnector(db: Drizzle, id: string): Promise<string | null> {
  if (!isUuid(id)) return null;
  const [found] = await db.execute<{ tenant: string | null }>(sql`select connector_tenant(${id}::uuid) as tenant`);
  return found?.tenant ?? null;
}
