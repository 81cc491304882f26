import { type Ctx, mayActAs } from '../../context.ts';
import { type ConnectionRow, selectConnections } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { withoutSecrets } from '../secrets/secrets.ts';

/** The accounts of a connector that this person reaches, and which others they may connect. */
export interface Accounts {
  connections: ConnectionRow[];
  mayConnect: { workspace: boolean; own: boolean };
}

const shown = 200;

/** For each connector whose accounts people authorise; connectors of other kinds are left out. */
export async function accountsOf(ctx: Ctx, connectors: ConnectorRow[]): Promise<Map<string, Accounts>> {
  const authorised = connectors.filter((connector) => {
    const driver = ctx.hub.drivers.get(connector.catalog.key);
    return driver?.oauth && driver.needsConnection(withoutSecrets(connector.auth));
  });
  if (!authorised.length) return new Map();
  const connectorIds = authorised.map(({ id }) => id);
  const reachableBy = mayActAs(ctx.actor, 'admin') ? null : ctx.actor.id;
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => selectConnections(tx, ctx.tenantId, { connectorIds, reachableBy, limit: shown }),
    { readOnly: true },
  );
  return new Map(authorised.map((connector) => [connector.id, accountsUnder(ctx, connector, rows)]));
}

const accountsUnder = (ctx: Ctx, { id, auth }: ConnectorRow, rows: ConnectionRow[]): Accounts => ({
  connections: rows.filter(({ connectorId }) => connectorId === id),
  mayConnect: {
    workspace: mayActAs(ctx.actor, 'admin'),
    own: ctx.actor.type === 'user' && auth.personal_accounts === true,
  },
});
