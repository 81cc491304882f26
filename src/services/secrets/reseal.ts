import type { Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { dataKeyNumber, type TenantKeys, VaultError } from '../../vault/vault.ts';
import { recordAudit } from '../audit.ts';
import { systemCtx } from '../system.ts';
import { tenantKeys } from './keyring.ts';
import { type SealedRow, sealedTables } from './sealed-tables.ts';

const pageSize = 50;

/** Seals what is under an older data key of the tenant under its newest one; returns how many envelopes. What does not open stays. */
export async function resealTenant(hub: Hub, tenant: { id: string; name: string }): Promise<number> {
  let resealed = 0;
  for (const table of sealedTables.keys()) {
    for (let after: string | null = null; ; ) {
      const page: Page = await hub.db.asTenant(tenant.id, (tx) => resealPage(tx, hub, tenant, table, after));
      resealed += page.resealed;
      if (page.missed) continue; // somebody changed a row meanwhile: the page is read again
      if (!page.lastId) break;
      after = page.lastId;
    }
  }
  return resealed;
}

interface Page {
  lastId: string | null;
  resealed: number;
  missed: boolean;
}

async function resealPage(
  tx: Tx,
  hub: Hub,
  tenant: { id: string; name: string },
  table: number,
  after: string | null,
): Promise<Page> {
  const rows = (await sealedTables[table]?.(tx, tenant.id, after, pageSize)) ?? [];
  const keys = await tenantKeys(tx, hub.vault, tenant.id);
  const counts = [];
  for (const row of rows) counts.push(await resealRow(tx, hub, keys, row));
  const resealed = counts.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  if (resealed)
    await recordAudit(tx, systemCtx(hub, tenant.id, 'rotate-data-keys'), {
      action: 'secrets.resealed',
      subject: { type: 'tenant', id: tenant.id, name: tenant.name },
      details: { data_key: keys.newest, secrets: resealed },
    });
  return { lastId: rows.at(-1)?.id ?? null, resealed, missed: counts.includes(null) };
}

/** How many envelopes of the row were sealed anew; null when the row had been changed. */
async function resealRow(tx: Tx, { vault }: Hub, keys: TenantKeys, row: SealedRow): Promise<number | null> {
  const next = row.values.map(({ place, sealed }) => {
    if (dataKeyNumber(sealed) === keys.newest) return sealed;
    try {
      return vault.seal(keys, place, vault.open(keys, place, sealed));
    } catch (error) {
      if (error instanceof VaultError) return sealed;
      throw error;
    }
  });
  const changed = next.filter((sealed, index) => sealed !== row.values[index]?.sealed).length;
  if (!changed) return 0;
  return (await row.replace(tx, next)) ? changed : null;
}
