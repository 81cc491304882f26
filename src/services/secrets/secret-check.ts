import type { Tx } from '../../db/client.ts';
import { selectTenants } from '../../db/queries/data-keys.ts';
import { selectHubSecrets } from '../../db/queries/hub-secrets.ts';
import { selectTenantKeys } from '../../db/queries/tenant-keys.ts';
import { type TenantKeys, type Vault, VaultError } from '../../vault/vault.ts';
import { type SealedRow, sealedTables } from './sealed-tables.ts';

export interface SecretCheck {
  opened: number;
  /** What does not open, by name. */
  unreadable: string[];
}

const pageSize = 200;

/** Opens every secret of the hub and of all tenants and keeps none of it; the transaction is the owner's. */
export async function openEverything(tx: Tx, vault: Vault): Promise<SecretCheck> {
  const result: SecretCheck = { opened: 0, unreadable: [] };
  for (const { name, ...row } of await selectHubSecrets(tx))
    note(result, `the hub’s secret ${name}`, () => vault.openForHub(name, row));
  for (const tenant of await selectTenants(tx)) {
    const rows = await selectTenantKeys(tx, tenant.id);
    if (!rows.length) continue;
    const keys = note(result, `the data keys of ${tenant.name}`, () => vault.unwrap(rows));
    if (keys) await openTenant(tx, vault, tenant, keys, result);
  }
  return result;
}

async function openTenant(
  tx: Tx,
  vault: Vault,
  tenant: { id: string; name: string },
  keys: TenantKeys,
  result: SecretCheck,
) {
  for (const read of sealedTables) {
    let page: SealedRow[] = [];
    do {
      page = await read(tx, tenant.id, page.at(-1)?.id ?? null, pageSize);
      for (const row of page)
        for (const { place, sealed } of row.values)
          note(result, `${place.field} of ${row.name} in ${tenant.name}`, () => vault.open(keys, place, sealed));
    } while (page.length === pageSize);
  }
}

function note<T>(result: SecretCheck, what: string, open: () => T): T | null {
  try {
    const opened = open();
    result.opened += 1;
    return opened;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    result.unreadable.push(what);
    return null;
  }
}
