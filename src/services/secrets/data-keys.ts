import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import type { Connection } from '../../db/connection.ts';
import {
  countEnvelopes,
  deleteDataKey,
  selectOlderDataKeys,
  selectOpenTransactions,
  selectTenants,
} from '../../db/queries/data-keys.ts';
import { tellRotation } from '../../db/queries/rotations.ts';
import { insertTenantKey, selectTenantKeys } from '../../db/queries/tenant-keys.ts';
import { AppError, notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { type RotationOptions, type RotationRun, runRotation } from '../credentials/rotation-run.ts';
import { systemCtx } from '../system.ts';
import { resealTenant } from './reseal.ts';

export interface Tenant {
  id: string;
  name: string;
}

export interface DataKeyRotation {
  tenant: Tenant;
  /** Envelopes that were sealed anew. */
  resealed: number;
  removed: number[];
  /** Older data keys that stay, with what needs them. */
  kept: string[];
}

interface DataKeyOptions extends RotationOptions {
  /** Id or slug; all tenants without it. */
  tenant?: string;
  /** How long a call may go on with what it has read before, in ms; less only where nothing runs. */
  graceMs?: number;
  tell?: (line: string) => void;
}

/**
 * A call reads its connector, may wait for a renewal (50 s), goes out (30 s), may wait for another renewal, and opens again what it has
 * read: the grace is longer than all of that.
 */
const patience = { graceMs: 180_000, transactionMs: 60_000 };

/**
 * Gives each tenant a new data key, seals everything anew under it and removes the older keys, while hubs run. A run that was cut off is
 * completed first: a tenant with an older key gets no third one.
 * @param admin the database owner's login: requests may not remove data keys
 * @throws AppError not_found for an unknown tenant
 */
export async function rotateDataKeys(hub: Hub, admin: Connection, options: DataKeyOptions = {}) {
  const { tenant, graceMs = patience.graceMs, tell = () => {} } = options;
  const tenants = await selectTenants(hub.db.system, tenant);
  const [only] = tenants;
  if (tenant && !only) throw notFound('workspace');
  const subject = tenant && only ? { type: 'tenant', id: only.id, name: only.name } : undefined;
  const work = async (run: RotationRun) => {
    await run.note(run.db, 'started', { workspaces: tenants.length });
    run.begun();
    const rotations = await rotateAll(run, hub, tenants, { graceMs, tell });
    await run.note(run.db, 'finished', summary(rotations));
    return rotations;
  };
  return runRotation('data-keys', admin, options, work, subject);
}

async function rotateAll(
  run: RotationRun,
  hub: Hub,
  tenants: Tenant[],
  { graceMs, tell }: Required<Pick<DataKeyOptions, 'graceMs' | 'tell'>>,
): Promise<DataKeyRotation[]> {
  for (const each of tenants) {
    run.goOn();
    await addDataKey(hub, each);
  }
  tell(`${tenants.length} ${tenants.length === 1 ? 'workspace has' : 'workspaces have'} a new data key`);
  await untilTransactionsEnd(run); // from here on nothing is sealed under an older key
  const results = await resealAll(run, hub, tenants, tell);
  await tellRotation(run.db, 'data-keys', 'waiting');
  await untilTransactionsEnd(run);
  await run.pause(graceMs); // calls that are under way open what they have read before
  const rotations: DataKeyRotation[] = [];
  for (const each of results) {
    run.goOn();
    rotations.push({ ...each, ...(await removeOlderKeys(run.db, hub, each.tenant)) });
  }
  return rotations;
}

function summary(rotations: DataKeyRotation[]) {
  const kept = rotations.flatMap(({ tenant, kept: keys }) => keys.map((key) => `${tenant.name}: ${key}`));
  return {
    workspaces: rotations.length,
    sealed_anew: rotations.reduce((sum, { resealed }) => sum + resealed, 0),
    removed: rotations.reduce((sum, { removed }) => sum + removed.length, 0),
    kept: kept.slice(0, 20),
  };
}

async function resealAll({ db, goOn }: RotationRun, hub: Hub, tenants: Tenant[], tell: (line: string) => void) {
  const results: Pick<DataKeyRotation, 'tenant' | 'resealed'>[] = [];
  for (const each of tenants) {
    goOn();
    await tellRotation(db, 'data-keys', `${results.length}/${tenants.length}`);
    results.push({ tenant: each, resealed: await resealTenant(hub, each) });
    if (results.length % 50 === 0 || results.length === tenants.length)
      tell(`${results.length} of ${tenants.length} workspaces sealed anew`);
  }
  return results;
}

async function addDataKey(hub: Hub, tenant: Tenant) {
  await hub.db.asTenant(tenant.id, async (tx) => {
    const [first, ...more] = await selectTenantKeys(tx, tenant.id);
    if (!first || more.length) return;
    const key = hub.vault.newTenantKey(tenant.id, first.number + 1);
    if (await insertTenantKey(tx, key)) await audit(tx, hub, tenant, 'data_key.added', { data_key: key.number });
  });
}

/** Waits for every transaction that is open now and has touched a tenant's table. */
async function untilTransactionsEnd({ db, pause }: RotationRun) {
  const open = await selectOpenTransactions(db);
  for (const until = Date.now() + patience.transactionMs; open.size; await pause(50)) {
    const now = await selectOpenTransactions(db);
    for (const id of open) if (!now.has(id)) open.delete(id);
    if (open.size && Date.now() > until)
      throw new AppError(
        'unavailable',
        'A transaction has been open for a minute; perhaps a backup runs. No key was removed. Run this again when it is over.',
      );
  }
}

/** What is sealed in a table that nobody seals anew keeps its key, whatever table that is. */
async function removeOlderKeys(db: Drizzle, hub: Hub, tenant: Tenant): Promise<{ removed: number[]; kept: string[] }> {
  return db.transaction(async (tx) => {
    const removed: number[] = [];
    const kept: string[] = [];
    for (const { id, number } of await selectOlderDataKeys(tx, tenant.id)) {
      const uses = [...(await countEnvelopes(tx, tenant.id, number))].map(([table, n]) => `${n} rows of ${table}`);
      if (uses.length) kept.push(`data key ${number} for ${uses.join(' and ')}`);
      else if (await deleteDataKey(tx, tenant.id, id)) removed.push(number);
    }
    if (removed.length) await audit(tx, hub, tenant, 'data_key.removed', { data_keys: removed });
    return { removed, kept };
  });
}

const audit = (tx: Tx, hub: Hub, tenant: Tenant, action: string, details: Record<string, unknown>) =>
  recordAudit(tx, systemCtx(hub, tenant.id, 'rotate-data-keys'), {
    action,
    subject: { type: 'tenant', id: tenant.id, name: tenant.name },
    details,
  });
