import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { CheckedConnection } from '../health/health-overview.ts';
import { withoutSecrets } from '../secrets/secrets.ts';

/** The accounts of a connector that this person reaches, and which others they may connect. */
export interface Accounts {
  connections: ConnectionRow[];
  mayConnect: { workspace: boolean; own: boolean };
}

/** For each connector whose accounts people authorise; connectors of other kinds are left out. */
export function accountsOf(
  ctx: Ctx,
  connectors: ConnectorRow[],
  overview: Map<string, CheckedConnection[]>,
): Map<string, Accounts> {
  const authorised = connectors.filter((connector) => {
    const driver = ctx.hub.drivers.get(connector.catalog.key);
    return driver?.oauth && driver.needsConnection(withoutSecrets(connector.auth));
  });
  return new Map(authorised.map(({ id, auth }) => [id, accountsUnder(ctx, auth, overview.get(id) ?? [])]));
}

const accountsUnder = (ctx: Ctx, auth: ConnectorRow['auth'], connections: CheckedConnection[]): Accounts => ({
  connections: connections.map(({ connection }) => connection),
  mayConnect: {
    workspace: mayActAs(ctx.actor, 'admin'),
    own: ctx.actor.type === 'user' && auth.personal_accounts === true,
  },
});
