import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../client.ts';
import { prepared } from '../prepared.ts';
import { tenantSettings } from '../schema/index.ts';

/** What the workspace decided about itself; the defaults when it decided nothing. */
export interface TenantSettings {
  keepPayloads: boolean;
  /** What questions to language models go through when nothing else says it. */
  defaultModelConnectorId: string | null;
}

export async function findSettings(tx: Tx, tenantId: string): Promise<TenantSettings> {
  const [row] = await findPrepared(tx, { tenantId });
  return row ?? { keepPayloads: false, defaultModelConnectorId: null };
}

const findPrepared = prepared((db) =>
  db
    .select({
      keepPayloads: tenantSettings.keepPayloads,
      defaultModelConnectorId: tenantSettings.defaultModelConnectorId,
    })
    .from(tenantSettings)
    .where(eq(tenantSettings.tenantId, sql.placeholder('tenantId'))),
);

export async function upsertSettings(
  tx: Tx,
  tenantId: string,
  settings: Partial<TenantSettings> & { updatedBy: string | null; updatedByName: string },
): Promise<void> {
  await tx
    .insert(tenantSettings)
    .values({ tenantId, id: uuidv7(), ...settings })
    .onConflictDoUpdate({ target: tenantSettings.tenantId, set: { ...settings, updatedAt: sql`now()` } });
}
