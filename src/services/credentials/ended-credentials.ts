import type { Ctx, Hub } from '../../context.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { dueCredentialEndings, findVersion, wipeCredential } from '../../db/queries/credentials.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { recordAudit } from '../audit.ts';
import { connectionSubject } from '../connections/connections.ts';
import { systemCtx } from '../system.ts';
import { revokeReplaced } from './revocation.ts';

/** How long after its end a credential is kept for the next run to end it at the service, where that failed by something that passes. */
const patienceMs = 3_600_000;

/**
 * Wipes what previous credentials hold once nobody can go back to them any more, and ends at the service what it granted where that
 * leaves its successor alone; their history stays. Returns how many.
 */
export async function wipeEndedCredentials(hub: Hub): Promise<number> {
  const due = await dueCredentialEndings(hub.db.system, 500);
  const wiped = await eachAtOnce(due, 4, ({ tenantId, id }) => wipe(systemCtx(hub, tenantId, 'wipe'), id));
  return wiped.filter(Boolean).length;
}

async function wipe(ctx: Ctx, id: string): Promise<boolean> {
  const { hub, tenantId } = ctx;
  const found = await hub.db.asTenant(
    tenantId,
    async (tx) => {
      const row = await findVersion(tx, tenantId, id);
      const connection = row && (await findConnection(tx, tenantId, row.connectionId));
      const connector = connection && (await findConnector(tx, tenantId, connection.connectorId));
      return connector ? { row, connection, connector } : null;
    },
    { readOnly: true },
  );
  const revocation = found && (await revokeReplaced(ctx, found.connector, found.row));
  const endedAt = found?.row.keptUntil?.getTime() ?? 0;
  if (revocation?.passing && Date.now() - endedAt < patienceMs) return false;
  return hub.db.asTenant(tenantId, async (tx) => {
    if (!(await wipeCredential(tx, tenantId, id))) return false;
    if (revocation)
      await recordAudit(tx, ctx, {
        action: 'connection.replaced_credential_ended',
        subject: connectionSubject(found.connection, found.connector),
        details: { revocation: revocation.outcome, reason: revocation.message },
      });
    return true;
  });
}
