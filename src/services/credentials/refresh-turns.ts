import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Granted } from '../../auth/oauth2-code.ts';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ConnectionRow, findConnection, updateConnectionRow } from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { claimRefresh, databaseNow } from '../../db/queries/refreshes.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { notFound } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { lifetimeOf } from '../authorizations/token-endpoint.ts';
import { plainScopes } from '../calls/echoes.ts';
import type { CallTarget, OpenedCredential } from '../calls/opened-targets.ts';
import { mayMove } from '../connections/connection-states.ts';
import { connectionSubject } from '../connections/connections.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { addCredential, currentCredential, retireCurrent, servesConnector } from './credentials.ts';

/** A call's target with an account: what has a credential to renew. */
export type Renewable = CallTarget & { connection: ConnectionRow };

/** What was found wanting, and why. */
export interface Wanting {
  /** The credential's id; null where none was obtained yet. */
  credentialId: string | null;
  /** `soon`: it ends soon by this replica's clock; `refused`: the service refuses it; `due`: a good while before it ends. */
  why: 'soon' | 'refused' | 'due';
}

export interface Claimed {
  kind: 'claimed';
  claim: string;
  /** Somebody had the claim before and never came back: what they did at the service is not known. */
  interrupted: boolean;
  current: Awaited<ReturnType<typeof currentCredential>>;
}

export type Turn =
  | Claimed
  /** Another credential is current by now, or this one is good for longer by the database's clock. */
  | { kind: 'renewed' }
  /** Somebody else is at it. */
  | { kind: 'waiting' }
  /** It failed a moment ago. */
  | { kind: 'paused' }
  /** The connection is not one that renews itself any more. */
  | { kind: 'ended' };

/** Longer than a token endpoint may take, so that only who died or stands still is taken over. */
const leaseSeconds = 40;
/** How long what was renewed is kept, unless its successor works before. */
const keptMs = 24 * 3600_000;

/** Seconds between tries that fail, the last one for all later ones. */
const pauses = [15, 30, 60, 120, 300];

/**
 * Claims the renewal for this caller alone, whatever replica it is on.
 * @throws AppError not_found, VaultError
 */
export async function takeTurn(
  tx: Tx,
  ctx: Ctx,
  { connector, connection }: Renewable,
  wanting: Wanting,
): Promise<Turn> {
  const seen = await findConnection(tx, ctx.tenantId, connection.id);
  // While somebody else is at it nobody queues for the row: it is theirs to write.
  if (seen?.refreshClaimedUntil && seen.refreshClaimedUntil > (await databaseNow(tx))) return { kind: 'waiting' };
  const before = await findConnection(tx, ctx.tenantId, connection.id, { lock: true });
  if (!before) throw notFound('connection');
  const found = await currentCredential(tx, ctx, before.id);
  const current = found && servesConnector(found.row, connector) ? found : null;
  const now = await databaseNow(tx);
  if ((current?.row.id ?? null) !== wanting.credentialId) return { kind: 'renewed' };
  if (wanting.why === 'soon' && current && !endsSoon(current.row, now)) return { kind: 'renewed' };
  const own = connector.auth.method === 'client_credentials';
  if (before.status !== 'active' && !(own && before.status === 'expired')) return { kind: 'ended' };
  const paused = before.refreshFailures > 0 && before.refreshAfter && before.refreshAfter > now;
  if (paused) return { kind: 'paused' };
  const claim = uuidv7();
  if (!(await claimRefresh(tx, before, claim, leaseSeconds))) return { kind: 'waiting' };
  return { kind: 'claimed', claim, interrupted: before.refreshClaim !== null, current };
}

/** Within a minute, or the last quarter of what lives shorter than four. */
export function endsSoon(
  { createdAt, expiresAt }: Pick<OpenedCredential, 'createdAt' | 'expiresAt'>,
  now = new Date(),
) {
  if (!expiresAt) return false;
  const lifetime = Math.max(0, expiresAt.getTime() - createdAt.getTime());
  return expiresAt.getTime() - now.getTime() < Math.min(60_000, lifetime / 4);
}

/**
 * Stores what was granted, if the claim is still this one's. `late` when it was taken over or the connection is authorised anew, `gone`
 * when the connection was, or is being, deleted: then nobody else will ever end what was granted.
 */
export async function storeRenewed(
  tx: Tx,
  ctx: Ctx,
  { connection }: Renewable,
  { claim, current }: Claimed,
  granted: Granted,
  destinations: string[],
): Promise<'stored' | 'late' | 'gone'> {
  const before = await findConnection(tx, ctx.tenantId, connection.id, { lock: true });
  if (!before || before.status === 'revoked') return 'gone';
  if (before.refreshClaim !== claim) return 'late';
  const now = await databaseNow(tx);
  // Services that keep the refresh token, or answer some members the first time only, do not send them again.
  const value = { ...current?.value, ...granted.value };
  const { expiresAt, refreshAfter } = lifetimeOf({ ...granted, value }, now);
  const scopes = plainScopes(granted.scopes ?? current?.row.scopes ?? []);
  await retireCurrent(tx, ctx, before.id, { endedBy: 'refreshed', keptUntil: new Date(now.getTime() + keptMs) });
  await addCredential(tx, ctx, before, {
    state: 'current',
    kind: current?.row.kind ?? 'obtained',
    value,
    destinations,
    scopes,
    expiresAt,
    verifiedAt: null,
  });
  await updateConnectionRow(tx, ctx.tenantId, before.id, {
    scopes,
    refreshAfter,
    ...released,
    ...(before.status === 'expired' && { status: 'active', statusReason: null }),
  });
  return 'stored';
}

const released = { refreshClaim: null, refreshClaimedUntil: null, refreshFailures: 0 };

/** A failure that may pass: the next try waits, the longer the more often it failed. */
export async function postpone(tx: Tx, ctx: Ctx, { connection }: Renewable, claim: string, retryAfterMs = 0) {
  const before = await findConnection(tx, ctx.tenantId, connection.id, { lock: true });
  if (before?.refreshClaim !== claim) return;
  const pause = pauses[Math.min(before.refreshFailures, pauses.length - 1)] ?? 0;
  const seconds = Math.min(Math.max(pause, retryAfterMs / 1000), 3600);
  await updateConnectionRow(tx, ctx.tenantId, before.id, {
    ...released,
    refreshFailures: before.refreshFailures + 1,
    refreshAfter: sql`now() + make_interval(secs => ${seconds})`,
  });
}

/** A failure that only a person can mend. */
export async function giveUp(tx: Tx, ctx: Ctx, { connection }: Renewable, claim: string, reason: string) {
  const connector = await findConnector(tx, ctx.tenantId, connection.connectorId, { lock: true });
  const before = await findConnection(tx, ctx.tenantId, connection.id, { lock: true });
  if (before?.refreshClaim !== claim) return;
  const expired = mayMove(before.status, 'expired', 'system');
  const after = await updateConnectionRow(tx, ctx.tenantId, before.id, {
    ...released,
    refreshAfter: null,
    ...(expired && { status: 'expired', statusReason: reason }),
  });
  if (!after || !connector || !expired) return;
  await recordAudit(tx, ctx, {
    action: 'connection.expired',
    subject: connectionSubject(after, connector),
    details: { from: before.status, to: after.status, reason },
  });
  await settleConnector(tx, ctx, connector);
}

/** Whether no waiting mends it: the service refuses the grant or the client, or says in the standard's words that the request is wrong. */
export const isPermanent = (error: unknown): boolean =>
  error instanceof ServiceError &&
  (error.fault === 'credential' || (error.fault === 'input' && error.serviceCode !== undefined));
