import type { Ctx } from '../../context.ts';
import { findReplaced } from '../../db/queries/credential-versions.ts';
import { ServiceError } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { findPair } from '../connections/connection-pair.ts';
import { driverFor } from '../connectors/connectors.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { systemCtx } from '../system.ts';
import { openCredential } from './credentials.ts';
import { swap } from './rotation-swap.ts';
import { type Candidate, type RotationTarget, testCandidate } from './rotation-test.ts';

/** How long after a rotation a refusal is taken for its fault. */
const probationMs = 10 * 60_000;

/** What there is to go back to, opened; null when nothing is kept. @throws AppError not_found */
export async function openReplaced(ctx: Ctx, id: string) {
  return ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const { connector, connection } = await findPair(tx, ctx, id);
      const target: RotationTarget = { driver: driverFor(ctx, connector.catalog.key), connector, connection };
      const row = await findReplaced(tx, ctx.tenantId, id);
      if (!row) return { target, kept: null };
      const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
      const { value, destinations } = openCredential(ctx, keys, row);
      const kind = row.kind === 'entered' ? 'entered' : 'grant';
      const candidate: Candidate = { kind, value, destinations, scopes: row.scopes };
      return { target, kept: { row, candidate } };
    },
    { readOnly: true },
  );
}

/**
 * Goes back to the credential before, when the new one is refused right after a rotation and the old one still works.
 * @returns whether it did
 */
export async function undoRotation(asked: Ctx, id: string, reason: string): Promise<boolean> {
  const ctx = systemCtx(asked.hub, asked.tenantId, 'rollback');
  try {
    const { target, kept } = await openReplaced(ctx, id);
    if (!kept || Date.now() - kept.row.updatedAt.getTime() > probationMs) return false;
    if ((await testCandidate(ctx, target, kept.candidate)).verdict === 'failed') return false;
    const direction = 'rolled_back_automatically';
    await ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
      swap(tx, ctx, { target, ...kept, direction, keptUntil: null, reason }),
    );
    return true;
  } catch (error) {
    const expected = error instanceof ServiceError || error instanceof OutboundError || error instanceof AppError;
    if (!expected) throw error;
    return false; // the next check tries again
  }
}
