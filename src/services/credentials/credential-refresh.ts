import { setTimeout as sleep } from 'node:timers/promises';
import type { Ctx, Hub } from '../../context.ts';
import { type ConnectionRow, findConnection } from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { findCredential } from '../../db/queries/credentials.ts';
import { dueRefreshes, forgetRefreshed, markVerified } from '../../db/queries/refreshes.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError, notFound } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { type CallTarget, type OpenedCredential, type OpenedTarget, openTarget } from '../calls/opened-targets.ts';
import { connectionName } from '../connections/connections.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { driverFor } from '../connectors/connectors.ts';
import { defineQueue, enqueueAll } from '../queues.ts';
import {
  type Claimed,
  endsSoon,
  giveUp,
  isPermanent,
  postpone,
  type Renewable,
  storeRenewed,
  type Turn,
  takeTurn,
  type Wanting,
} from './refresh-turns.ts';
import { grantedFor } from './renewal-grant.ts';
import { type Grant, revokeGrant } from './revocation.ts';

/**
 * What the target holds, opened, with a credential that is good for a while yet: one that ends within a minute is renewed before.
 * @throws ServiceError when only a person can mend it, OutboundError while it cannot be renewed, AppError as `openTarget`
 */
export async function openFresh(ctx: Ctx, target: CallTarget): Promise<OpenedTarget> {
  const opened = await openTarget(ctx, target);
  const { credential } = opened;
  if (!renewsItself(target, opened) || (credential && !endsSoon(credential))) return opened;
  try {
    const turn = await renewOnce(ctx, target, { credentialId: credential?.id ?? null, why: 'soon' });
    if (turn === 'renewed') return await openTarget(ctx, anew(target));
    if (turn === 'ended' || isAlive(credential)) return opened;
    throw new OutboundError('unreachable', `${nameOf(target)}: ${notRenewed}`, false);
  } catch (error) {
    if (!isPermanent(error) && isAlive(credential)) return opened;
    throw error;
  }
}

/** What was read before is not what there is now. */
const anew = (target: CallTarget): CallTarget => ({ ...target, sealed: undefined });

const notRenewed =
  'its credential has ended and could not be renewed. The hub keeps trying; try again in a few minutes.';

/**
 * After the service has refused the credential: the target with the next one, or null when there is none to be had now.
 * @throws ServiceError when only a person can mend it
 */
export async function renewRefused(ctx: Ctx, target: CallTarget, opened: OpenedTarget): Promise<OpenedTarget | null> {
  const { credential } = opened;
  if (!credential || !renewsItself(target, opened) || isUntried(credential)) return null;
  try {
    const turn = await renewOnce(ctx, target, { credentialId: credential.id, why: 'refused' });
    return turn === 'renewed' ? await openTarget(ctx, anew(target)) : null;
  } catch (error) {
    if (isPermanent(error)) throw error;
    return null;
  }
}

/** Refused although it was renewed just now: another one would fare no better. */
const isUntried = ({ verifiedAt, createdAt }: OpenedCredential) =>
  !verifiedAt && Date.now() - createdAt.getTime() < 5 * 60_000;

const isAlive = (credential: OpenedCredential | null) =>
  credential !== null && (!credential.expiresAt || credential.expiresAt.getTime() > Date.now());

const renewsItself = (target: CallTarget, { auth, credential }: OpenedTarget): target is Renewable =>
  target.connection !== null &&
  (auth.method === 'client_credentials' || Boolean(target.driver.oauth && credential?.renewable));

const nameOf = ({ connection, connector }: Renewable) => connectionName(connection, connector);

/** Remembers that a credential works, and forgets then what it took the place of. */
export async function noteWorked(ctx: Ctx, connection: ConnectionRow | null, credential: OpenedCredential | null) {
  if (!connection || !credential || credential.verifiedAt) return;
  await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    if (await markVerified(tx, ctx.tenantId, credential.id)) await forgetRefreshed(tx, ctx.tenantId, connection.id);
  });
}

/** What is due to be renewed well before it ends. */
export const refreshQueue = defineQueue('refresh-credential');

/** Puts what is due into the queue, of all tenants; returns how much that was. */
export async function scanDueRefreshes(hub: Hub, max = 500): Promise<number> {
  const due = await dueRefreshes(hub.db.system, max);
  await enqueueAll(hub.db.system, refreshQueue, due);
  return due.length;
}

/** Clocks of replicas may be so far apart. */
const skewMs = 120_000;

/** Renews a credential that is due; nothing happens when that was done meanwhile, or the connection is gone. How it failed is kept with it. */
export async function refreshDue(ctx: Ctx, id: string): Promise<void> {
  const target = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const connection = await findConnection(tx, ctx.tenantId, id);
      const connector = connection && (await findConnector(tx, ctx.tenantId, connection.connectorId));
      if (!connector || !connection.refreshAfter || connection.refreshAfter.getTime() > Date.now() + skewMs)
        return null;
      const current = await findCredential(tx, ctx.tenantId, id, 'current');
      return {
        connection,
        connector,
        driver: driverFor(ctx, connector.catalog.key),
        credentialId: current?.id ?? null,
      };
    },
    { readOnly: true },
  );
  if (!target) return;
  try {
    await renewOnce(ctx, target, { credentialId: target.credentialId, why: 'due' });
  } catch (error) {
    const expected = error instanceof ServiceError || error instanceof OutboundError || error instanceof AppError;
    if (!expected) throw error;
  }
}

type Ended = Exclude<Turn['kind'], 'claimed' | 'waiting'>;

const renewals = new WeakMap<Hub, Map<string, Promise<Ended>>>();

/** Callers in this process share one renewal; those in others are kept out by the claim. */
function renewOnce(ctx: Ctx, target: Renewable, wanting: Wanting): Promise<Ended> {
  const running = renewals.get(ctx.hub) ?? new Map<string, Promise<Ended>>();
  renewals.set(ctx.hub, running);
  const key = `${target.connection.id} ${wanting.credentialId} ${wanting.why}`;
  const mine = running.get(key) ?? renew(ctx, target, wanting).finally(() => running.delete(key));
  running.set(key, mine);
  return mine;
}

/** As long as somebody else may take over the network and the database, and then some. */
const patienceMs = 50_000;

async function renew(ctx: Ctx, target: Renewable, wanting: Wanting): Promise<Ended> {
  const until = Date.now() + patienceMs;
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 500)) {
    const turn = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => takeTurn(tx, ctx, target, wanting));
    if (turn.kind === 'claimed') return useTurn(ctx, target, turn);
    if (turn.kind !== 'waiting') return turn.kind;
    if (Date.now() > until) throw new OutboundError('timeout', `${nameOf(target)}: ${notRenewed}`, false);
    await sleep(waitMs);
  }
}

/** Asks outside of any transaction; what was granted is stored before anything else. */
async function useTurn(ctx: Ctx, target: Renewable, turn: Claimed): Promise<'renewed'> {
  const granted = await grantedFor(ctx, target, turn).catch((error) => settleFailure(ctx, target, turn, error));
  const { driver, connector, connection } = target;
  // A renewal widens nothing: what was granted for some origins stays with them.
  const destinations =
    turn.current && turn.current.row.kind !== 'obtained'
      ? turn.current.destinations
      : destinationsOf(driver, connector);
  const stored = await persistently(() =>
    ctx.hub.db.asTenant(ctx.tenantId, (tx) => storeRenewed(tx, ctx, target, turn, granted, destinations)),
  );
  if (stored === 'gone')
    return endOrphan(ctx, target, { value: granted.value, destinations, scopes: granted.scopes ?? [] });
  if (stored === 'stored') ctx.log.info({ connection_id: connection.id }, 'credential renewed');
  else ctx.log.warn({ connection_id: connection.id }, 'a renewed credential came too late to be stored');
  return 'renewed';
}

/** The connection was deleted while the service granted: its deletion has ended the credential before, and knew nothing of this one. */
async function endOrphan(ctx: Ctx, { connector, connection }: Renewable, grant: Grant): Promise<never> {
  const { outcome, message } = await revokeGrant(ctx, connector, grant);
  const fields = { connection_id: connection.id, revocation: outcome, reason: message };
  ctx.log.warn(fields, 'a connection was deleted while its credential was renewed');
  throw notFound('connection');
}

/** @throws always: the error, after it was kept with the connection what it means for it */
async function settleFailure(ctx: Ctx, target: Renewable, { claim }: Claimed, error: unknown): Promise<never> {
  const retryAfterMs = error instanceof ServiceError ? error.retryAfterMs : undefined;
  ctx.log.warn({ err: error, connection_id: target.connection.id }, 'a credential could not be renewed');
  await persistently(() =>
    ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
      isPermanent(error)
        ? giveUp(tx, ctx, target, claim, (error as Error).message)
        : postpone(tx, ctx, target, claim, retryAfterMs),
    ),
  );
  if (error instanceof ServiceError && !isPermanent(error))
    throw new OutboundError('unreachable', error.message, false, error);
  throw error;
}

const waitsMs = [100, 300, 1_000, 2_000, 4_000];

/** A database that is away for a moment must not cost what the service has given. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (const waitMs of waitsMs) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && ['unavailable', 'outcome_unknown'].includes(error.code))) throw error;
      await sleep(waitMs);
    }
  }
  return work();
}
