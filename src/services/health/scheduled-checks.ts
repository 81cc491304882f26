import type { Ctx } from '../../context.ts';
import { claimDueCheck, postponeCheck } from '../../db/queries/connection-checks.ts';
import { findConnection } from '../../db/queries/connections.ts';
import { findConnector } from '../../db/queries/connectors.ts';
import { hostTurns } from '../../lib/host-turns.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { checkConnection } from './health.ts';

/** So many at once at one host in this process: half of what may run, so that one that hangs does not hold up the others. */
const turns = hostTurns({ atOnce: 8, patienceMs: 2_000 });

/** A check that was cut off anywhere is made again after so many minutes. */
const claimMinutes = 5;

/** One scheduled check, unless it was made or became pointless meanwhile. A host that is busy with others is left for a little later. */
export async function runDueCheck(ctx: Ctx, id: string): Promise<void> {
  const { db, drivers } = ctx.hub;
  const host = await db.asTenant(ctx.tenantId, async (tx) => {
    const connection = await findConnection(tx, ctx.tenantId, id);
    const connector = connection && (await findConnector(tx, ctx.tenantId, connection.connectorId));
    const driver = connector && drivers.get(connector.catalog.key);
    if (!driver || connector.status === 'inactive') return null;
    if (!(await claimDueCheck(tx, ctx.tenantId, id, claimMinutes))) return null;
    const [address = ''] = driver.destinations(withoutSecrets(connector.config), withoutSecrets(connector.auth));
    return URL.parse(address)?.host ?? address;
  });
  if (host === null) return;
  const had = await turns(host, () => checkConnection(ctx, id, 'schedule'));
  if (!had) await db.asTenant(ctx.tenantId, (tx) => postponeCheck(tx, ctx.tenantId, id));
}
