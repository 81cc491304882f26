import { drizzle } from 'drizzle-orm/postgres-js';
import type { Drizzle } from '../../db/client.ts';
import { withConnection } from '../../db/connection.ts';
import {
  countEnvelopes,
  countTenantsBehind,
  selectOlderDataKeys,
  selectTenantsBehind,
} from '../../db/queries/data-keys.ts';
import { findLastOperatorEvent, type OperatorEventRow } from '../../db/queries/operators.ts';
import { type RotationKind, readRotation } from '../../db/queries/rotations.ts';
import { notFound } from '../../errors.ts';
import { type RotationOptions, rotationAction } from '../credentials/rotation-run.ts';
import type { OperatorCtx } from '../tenants/operator-trail.ts';
import type { Upkeep } from '../upkeep.ts';
import { rotateDataKeys } from './data-keys.ts';
import { type MasterKeyUsage, masterKeyUsage, rotateMasterKey } from './master-keys.ts';

interface Rotation {
  running: boolean;
  /** How the last one ended, or that it began; null when there was none. */
  last: OperatorEventRow | null;
}

export interface MasterKeyState extends MasterKeyUsage, Rotation {
  /** Where the keys come from. */
  source: string;
  /** Data keys and secrets of the hub under the newest key, of all. */
  done: number;
  total: number;
}

export interface DataKeyState extends Rotation {
  /** What it does now, while it runs: `waiting` for requests to end, `12/40` workspaces sealed anew. */
  doing: string;
  /** How many workspaces have an older data key. */
  behind: number;
  /** The first of them. */
  tenants: { id: string; name: string; keys: { number: number; needs: string[] }[] }[];
}

/** How far the master key and the data keys are, whichever replica or command changes them. */
export function rotationState(
  { hub }: OperatorCtx,
  { owner }: Upkeep,
): Promise<{ master: MasterKeyState; data: DataKeyState }> {
  return withConnection(owner, async (sql) => {
    const db = drizzle(sql);
    // Read first: what comes after is then final, when it is over. The other way round it could be over, and not done.
    const running = (await readRotation(db, 'master-key')) !== null;
    const usage = await masterKeyUsage(db, hub.vault);
    const count = ({ dataKeys, hubSecrets }: MasterKeyUsage['uses'][number]) => dataKeys + hubSecrets;
    const under = usage.uses.find(({ masterKeyId }) => masterKeyId === usage.newest);
    const master = {
      ...usage,
      ...(await lastOf(db, 'master-key')),
      running,
      source: hub.vault.keySource,
      done: under ? count(under) : 0,
      total: usage.uses.reduce((sum, use) => sum + count(use), 0),
    };
    return { master, data: await dataKeyState(db) };
  });
}

const lastOf = async (db: Drizzle, kind: RotationKind) => ({
  last: await findLastOperatorEvent(db, [
    rotationAction(kind, 'started'),
    rotationAction(kind, 'finished'),
    rotationAction(kind, 'stopped'),
  ]),
});

const shown = 20;

async function dataKeyState(db: Drizzle): Promise<DataKeyState> {
  const doing = await readRotation(db, 'data-keys');
  const behind = await selectTenantsBehind(db, shown);
  const tenants: DataKeyState['tenants'] = [];
  // Looking into every table is worth it only when what is there stays there.
  for (const tenant of doing === null ? behind : []) tenants.push({ ...tenant, keys: await needsOf(db, tenant.id) });
  return {
    ...(await lastOf(db, 'data-keys')),
    running: doing !== null,
    doing: doing ?? '',
    behind: behind.length < shown ? behind.length : await countTenantsBehind(db),
    tenants,
  };
}

async function needsOf(db: Drizzle, tenantId: string) {
  return db.transaction(async (tx) => {
    const keys = [];
    for (const { number } of await selectOlderDataKeys(tx, tenantId)) {
      const needs = [...(await countEnvelopes(tx, tenantId, number))].map(([table, n]) => `${n} rows of ${table}`);
      keys.push({ number, needs });
    }
    return keys;
  });
}

/**
 * Begins to wrap everything under the newest master key, and goes on after the answer.
 * @throws AppError conflict when one is under way, wherever that is
 */
export const startMasterKeyRotation = (ctx: OperatorCtx, upkeep: Upkeep): Promise<void> =>
  begin(ctx, upkeep, (options) => rotateMasterKey(ctx.hub, upkeep.owner, options));

/**
 * The same for the data keys of one tenant, or of all.
 * @throws AppError conflict, not_found
 */
export async function startDataKeyRotation(ctx: OperatorCtx, upkeep: Upkeep, tenant?: string): Promise<void> {
  if (tenant === '') throw notFound('workspace');
  await begin(ctx, upkeep, (options) =>
    rotateDataKeys(ctx.hub, upkeep.owner, { ...options, tenant, graceMs: upkeep.graceMs }),
  );
}

/** Resolves when the rotation has begun. */
function begin(
  ctx: OperatorCtx,
  { background }: Upkeep,
  rotate: (options: RotationOptions) => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let hasBegun = false;
    const begun = () => {
      hasBegun = true;
      resolve();
    };
    background.start(async (signal) => {
      try {
        await rotate({ by: ctx, alone: true, begun, signal });
      } catch (error) {
        if (hasBegun && !signal.aborted)
          ctx.log.error({ err: error }, 'the change of keys was cut off; start it again');
        reject(error);
      }
    });
  });
}
