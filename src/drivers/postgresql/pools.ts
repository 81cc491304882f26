import { createHash } from 'node:crypto';
import type { ExecutionContext } from '../driver.ts';
import { Pool } from './pool.ts';
import type { Settings } from './settings.ts';

/** Connectors whose connections are kept at the same time; beyond that the longest unused one loses its own. */
const maxPools = 100;

interface Kept {
  pool: Pool;
  /** Of everything that decides where connections go and as whom. */
  fingerprint: string;
}

/** By connector, the longest unused first. */
const pools = new Map<string, Kept>();

/** The connector's pool for these very settings; the one of other settings is closed. */
export function poolOf({ connectorId }: ExecutionContext, settings: Settings): Pool {
  if (connectorId === null) return new Pool({ ...settings, poolSize: 0 });
  const fingerprint = createHash('sha256').update(JSON.stringify(settings)).digest('base64');
  const found = pools.get(connectorId);
  const same = found?.fingerprint === fingerprint;
  if (found && !same) found.pool.close();
  const kept = same ? found : { pool: new Pool(settings), fingerprint };
  pools.delete(connectorId);
  pools.set(connectorId, kept);
  makeRoom();
  return kept.pool;
}

function makeRoom() {
  for (const [connectorId, { pool }] of pools) {
    if (pools.size <= maxPools) return;
    if (pool.inUse) continue;
    pool.close();
    pools.delete(connectorId);
  }
}

/** Closes what is kept for a connector whose settings change, or for all of them when the hub stops. */
export async function release(connectorId?: string): Promise<void> {
  const chosen = [...pools].filter(([id]) => connectorId === undefined || id === connectorId);
  for (const [id, { pool }] of chosen) {
    pools.delete(id);
    pool.close({ atOnce: connectorId === undefined });
  }
}
