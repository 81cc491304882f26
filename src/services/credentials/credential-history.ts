import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findOwnConnection } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { findReplaced } from '../../db/queries/credential-versions.ts';
import { selectCredentialHistories, selectCredentialHistory } from '../../db/queries/credentials.ts';
import { getAt } from '../../lib/schema/walk.ts';
import { findPair } from '../connections/connection-pair.ts';
import { storedSecretPaths, withoutSecrets } from '../secrets/secrets.ts';

/** All versions of a connection's credential, newest first, without contents; and until when the last rotation can be undone. */
export async function listCredentials(ctx: Ctx, id: string) {
  const read = async (tx: Tx) => {
    await findPair(tx, ctx, id);
    const replaced = await findReplaced(tx, ctx.tenantId, id);
    const versions = await selectCredentialHistory(tx, ctx.tenantId, id);
    return { versions, rollbackUntil: replaced?.keptUntil ?? null };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

/** The credential that was typed into a connector, with its history; null when it holds none, or nothing has used it. */
export async function getOwnCredential(ctx: Ctx, connector: ConnectorRow) {
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  const secrets = storedSecretPaths(connector.auth);
  if (!driver || !secrets.length || driver.needsConnection(withoutSecrets(connector.auth))) return null;
  const read = (tx: Tx) => findOwnConnection(tx, ctx.tenantId, connector.id);
  const connection = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  if (!connection) return null;
  const since = secrets.map((path) => (getAt(connector.auth, path) as { updated_at: string }).updated_at).sort();
  return {
    connection,
    since: new Date(since.at(-1) ?? connector.createdAt),
    ...(await listCredentials(ctx, connection.id)),
  };
}

/** How many versions a page shows of each. */
const shownVersions = 8;

/** The newest versions of these connections' credentials, newest first, by connection. The caller has seen that they may be read. */
export async function credentialHistories(ctx: Ctx, connectionIds: string[]) {
  const read = (tx: Tx) => selectCredentialHistories(tx, ctx.tenantId, connectionIds, shownVersions);
  return Map.groupBy(await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true }), (row) => row.connectionId);
}
