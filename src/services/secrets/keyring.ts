import type { Database, Tx } from '../../db/client.ts';
import { findHubSecret, holdsSealedData, insertHubSecret } from '../../db/queries/hub-secrets.ts';
import { insertTenantKey, selectTenantKeys, type TenantKeyRow } from '../../db/queries/tenant-keys.ts';
import { StartError } from '../../db/start-error.ts';
import { type TenantKeys, type Vault, VaultError } from '../../vault/vault.ts';

/** What every start opens to see that the master keys are right; it also says under which key sealing the trail began. */
export const keyringCheckName = 'keyring_check';
export const keyringCheckValue = 'patchbay';

/**
 * Makes sure that the master keys are the ones that this database was sealed under. Call it before anything is sealed: on an empty
 * database it seals the value that later starts open.
 * @throws StartError when the keys are wrong or missing
 */
export async function checkKeyring(db: Database, vault: Vault): Promise<void> {
  const isRemembered = async () => (await findHubSecret(db.system, keyringCheckName)) !== null;
  // Asked again last: another hub that starts at the same time may have sealed the value in between.
  if (!(await isRemembered()) && (await holdsSealedData(db.system)) && !(await isRemembered()))
    throw new StartError(
      'The database holds sealed data but not the value that tells which master keys it was sealed under. Restore the table hub_secrets from your backup.',
    );
  try {
    await hubSecret(db, vault, keyringCheckName, () => keyringCheckValue);
  } catch (error) {
    throw error instanceof VaultError ? wrongKeys(vault, error) : error;
  }
}

const wrongKeys = (vault: Vault, cause: VaultError) =>
  new StartError(
    `The master keys do not open this database. ${cause.message} Put the keys that it was sealed under back into ${vault.keySource}; no new key is made over existing data.`,
    { cause },
  );

/**
 * A secret of the hub itself; made by `make` and sealed the first time. All replicas get the same one.
 * @throws VaultError when the master keys do not open it
 */
export async function hubSecret(db: Database, vault: Vault, name: string, make: () => string): Promise<string> {
  const found = await findHubSecret(db.system, name);
  if (found) return vault.openForHub(name, found);
  await insertHubSecret(db.system, { name, ...vault.sealForHub(name, make()) });
  const kept = await findHubSecret(db.system, name); // another replica may have been faster
  if (!kept) throw new Error(`The hub's secret ${name} was deleted while it was made`);
  return vault.openForHub(name, kept);
}

/**
 * The tenant's data keys; the first one is made when there is none. Reads the rows each time, so that a key that was rolled back or
 * deleted is never used, and only unwraps what it has not unwrapped before.
 * @param read the rows, where this transaction has read them already
 * @throws VaultError unknown_master_key | does_not_open
 */
export async function tenantKeys(tx: Tx, vault: Vault, tenantId: string, read?: TenantKeyRow[]): Promise<TenantKeys> {
  const rows = read ?? (await selectTenantKeys(tx, tenantId));
  if (rows.length) return unwrapOnce(vault, tenantId, rows);
  await insertTenantKey(tx, vault.newTenantKey(tenantId, 1));
  return existingTenantKeys(tx, vault, tenantId);
}

/**
 * The same for transactions that only read: none is made.
 * @throws VaultError no_keys | unknown_master_key | does_not_open
 */
export const existingTenantKeys = async (tx: Tx, vault: Vault, tenantId: string): Promise<TenantKeys> =>
  unwrapOnce(vault, tenantId, await selectTenantKeys(tx, tenantId));

function unwrapOnce(vault: Vault, tenantId: string, rows: TenantKeyRow[]): TenantKeys {
  const mark = rows.map((row) => `${row.id} ${row.wrapped}`).join();
  return remembered(vault, tenantId, mark) ?? remember(vault, tenantId, mark, vault.unwrap(rows));
}

interface Unwrapped {
  /** The rows that the keys were unwrapped from. */
  mark: string;
  keys: TenantKeys;
}

const maxRemembered = 1_000;
const unwrapped = new WeakMap<Vault, Map<string, Unwrapped>>();

function remembered(vault: Vault, tenantId: string, mark: string): TenantKeys | null {
  const entry = unwrapped.get(vault)?.get(tenantId);
  return entry?.mark === mark ? entry.keys : null;
}

function remember(vault: Vault, tenantId: string, mark: string, keys: TenantKeys): TenantKeys {
  const entries = unwrapped.get(vault) ?? new Map<string, Unwrapped>();
  unwrapped.set(vault, entries);
  entries.delete(tenantId);
  entries.set(tenantId, { mark, keys });
  const [oldest] = entries.keys();
  if (entries.size > maxRemembered && oldest !== undefined) entries.delete(oldest);
  return keys;
}
