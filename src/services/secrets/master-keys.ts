import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import type { Connection } from '../../db/connection.ts';
import {
  lockMasterKeys,
  type MasterKeyUse,
  type RewrapRow,
  replaceSeal,
  replaceWrapping,
  selectMasterKeyUses,
  selectOtherDataKeys,
  selectOtherHubSecrets,
} from '../../db/queries/master-keys.ts';
import type { Vault } from '../../vault/vault.ts';
import { VaultError } from '../../vault/vault.ts';
import { recordAudit } from '../audit.ts';
import { type RotationOptions, type RotationRun, runRotation } from '../credentials/rotation-run.ts';
import { systemCtx } from '../system.ts';

export interface MasterKeyUsage {
  newest: string;
  uses: MasterKeyUse[];
  /** In the keyring, and nothing needs them any more. */
  droppable: string[];
  /** Needed, and not in the keyring. */
  missing: string[];
}

/** Which master keys the database needs, and which of the keyring it does not. */
export async function masterKeyUsage(tx: Tx | Drizzle, vault: Vault): Promise<MasterKeyUsage> {
  const [newest = '', ...older] = vault.masterKeyIds();
  const uses = await selectMasterKeyUses(tx as Tx);
  const needed = new Set(uses.map(({ masterKeyId }) => masterKeyId));
  return {
    newest,
    uses,
    droppable: older.filter((id) => !needed.has(id)),
    missing: [...needed].filter((id) => id !== newest && !older.includes(id)),
  };
}

export interface MasterKeyRotation extends MasterKeyUsage {
  /** True when this run made the newest key. */
  added: boolean;
  rewrapped: number;
  /** Data keys and secrets that do not open, with the reason. */
  stuck: string[];
}

interface Progress {
  done: number;
  total: number;
}

interface MasterKeyOptions extends RotationOptions {
  tell?: (progress: Progress) => void;
}

const batchSize = 50;

/**
 * Wraps every data key and seals every secret of the hub under the newest master key, in small transactions while hubs run. Keys of a file
 * get a new one first, unless an earlier run was cut off: then that run is completed.
 * @param admin the database owner's login: requests may not rewrite data keys
 */
export function rotateMasterKey(
  hub: Hub,
  admin: Connection,
  { tell = () => {}, ...options }: MasterKeyOptions = {},
): Promise<MasterKeyRotation> {
  return runRotation('master-key', admin, options, async (run) => {
    const { added, newest, total } = await chooseKey(run, hub.vault);
    run.begun();
    const progress = { done: 0, total };
    const stuck: string[] = [];
    await rewrapDataKeys(run, hub, newest, stuck, () => {
      progress.done += 1;
      if (progress.done % batchSize === 0) tell(progress);
    });
    progress.done += await rewrapHubSecrets(run.db, hub.vault, newest, stuck);
    tell(progress);
    const usage = await masterKeyUsage(run.db, hub.vault);
    const { droppable } = usage;
    await run.note(run.db, 'finished', { to: newest, rewrapped: progress.done, droppable, stuck: stuck.slice(0, 20) });
    return { ...usage, added, rewrapped: progress.done, stuck };
  });
}

/** A new key only where nothing is under an older one: two runs at once, and one after a crash, work towards the same key. */
function chooseKey({ db, note }: RotationRun, vault: Vault) {
  return db.transaction(async (tx) => {
    await lockMasterKeys(tx);
    const [current] = vault.masterKeyIds();
    const before = await selectMasterKeyUses(tx);
    const added = before.every(({ masterKeyId }) => masterKeyId === current) && vault.addMasterKey();
    const newest = vault.masterKeyIds()[0] as string;
    const others = before.filter(({ masterKeyId }) => masterKeyId !== newest);
    const total = others.reduce((sum, use) => sum + use.dataKeys + use.hubSecrets, 0);
    await note(tx, 'started', { to: newest, made_now: added, to_rewrap: total });
    return { added, newest, total };
  });
}

async function rewrapDataKeys({ db, goOn }: RotationRun, hub: Hub, newest: string, stuck: string[], count: () => void) {
  let after: RewrapRow | null = null;
  do {
    goOn();
    const from: RewrapRow | null = after;
    const rows: RewrapRow[] = await db.transaction(async (tx) => {
      const batch = await selectOtherDataKeys(tx, newest, from, batchSize);
      for (const row of batch) if (await rewrapDataKey(tx, hub, row, stuck)) count();
      return batch;
    });
    after = rows.at(-1) ?? null;
  } while (after);
}

async function rewrapDataKey(tx: Tx, hub: Hub, row: RewrapRow, stuck: string[]): Promise<boolean> {
  const next = orStuck(stuck, `Data key ${row.number} of ${row.tenantName}`, () => hub.vault.rewrap(row));
  if (!next || !(await replaceWrapping(tx, row, next))) return false;
  await recordAudit(tx, systemCtx(hub, row.tenantId, 'rotate-master-key'), {
    action: 'data_key.rewrapped',
    subject: { type: 'tenant', id: row.tenantId, name: row.tenantName },
    details: { data_key: row.number, from: row.masterKeyId, to: next.masterKeyId },
  });
  return true;
}

/** After the data keys: as long as one of those needs the old key, so does each start. */
async function rewrapHubSecrets(db: Drizzle, vault: Vault, newest: string, stuck: string[]): Promise<number> {
  return db.transaction(async (tx) => {
    let done = 0;
    for (const row of await selectOtherHubSecrets(tx, newest)) {
      const next = orStuck(stuck, `The hub's secret ${row.name}`, () => vault.rewrapForHub(row.name, row));
      if (next && (await replaceSeal(tx, row.name, row, next))) done += 1;
    }
    return done;
  });
}

function orStuck<T>(stuck: string[], what: string, rewrap: () => T): T | null {
  try {
    return rewrap();
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    stuck.push(`${what}: ${error.message}`);
    return null;
  }
}

/** How to bring in another key where the operator names them. */
export const howToAddMasterKey = (source: string): string =>
  `To change to a new key, put one in front of the others and restart every hub: ${source}="k2:$(openssl rand -base64 32),<the keys of now>". Then run this again.`;
