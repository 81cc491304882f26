import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { asBroker } from '../../services/brokers/brokers.ts';
import type { Accounts } from '../../services/connections/accounts.ts';
import { credentialHistories } from '../../services/credentials/credential-history.ts';
import type { CheckedConnection } from '../../services/health/health-overview.ts';
import { paths } from '../paths.ts';
import type { ConnectedAccount, ConnectionsPanel } from '../view-models/connection.ts';
import type { ConnectForm } from '../view-models/shared.ts';
import { historyOf, rotationLock } from './credential-model.ts';
import { connectionHealth } from './health-model.ts';

type Connector = Pick<ConnectorRow, 'id' | 'tenantId'>;

const form = ({ id, tenantId }: Connector, connectionId: string, user: ConnectForm['user']): ConnectForm => ({
  tenantId,
  connectorId: id,
  connectionId,
  user,
});

/** The connector's connections, with the ways to connect more; null for a connector that has none and needs none. */
export async function connectionsPanel(
  ctx: Ctx,
  connector: ConnectorRow,
  accounts: Accounts | undefined,
  connections: CheckedConnection[] = [],
): Promise<ConnectionsPanel | null> {
  if (!accounts && !connections.length) return null;
  const ids = accounts ? connections.map(({ connection }) => connection.id) : [];
  const histories = await credentialHistories(ctx, ids);
  return {
    rows: connections.map((each) => ({
      health: connectionHealth(ctx, connector, each),
      account:
        accounts || each.connection.authConfigId
          ? accountOf(ctx, connector, each.connection, histories.get(each.connection.id) ?? [])
          : null,
    })),
    authorised: accounts !== undefined,
    offers: accounts ? offersOf(connector, accounts) : [],
    browse: asBroker(ctx, connector) ? paths.catalog : null,
    of: null,
  };
}

/** Admins see the personal accounts of others, too; somebody else may have begun one for its owner. */
function whoseOf(ctx: Ctx, { userId, createdBy, createdByName }: ConnectionRow): string {
  if (userId === null) return 'For everybody in the workspace';
  if (userId === ctx.actor.id) return 'Your own';
  return createdBy === userId && createdByName ? `${createdByName}’s own` : 'Another member’s own';
}

type Histories = Awaited<ReturnType<typeof credentialHistories>>;
type Versions = NonNullable<ReturnType<Histories['get']>>;

function accountOf(ctx: Ctx, connector: ConnectorRow, connection: ConnectionRow, versions: Versions): ConnectedAccount {
  const own = connection.userId !== null && connection.userId === ctx.actor.id;
  const current = versions.find(({ state }) => state === 'current');
  const now = Date.now();
  const kept = versions.find(
    ({ state, endedBy, keptUntil }) => state === 'previous' && endedBy === 'rotated' && Number(keptUntil) > now,
  );
  return {
    status: connection.status,
    whose: whoseOf(ctx, connection),
    scopes: connection.scopes,
    connectedAt: connection.createdAt,
    reconnect:
      !connection.authConfigId && (own || mayActAs(ctx.actor, 'admin')) ? form(connector, connection.id, '') : null,
    toolkit:
      connection.authConfigId && connection.toolkitSlug
        ? { slug: connection.toolkitSlug, path: paths.toolkit(connector.id, connection.toolkitSlug) }
        : null,
    credential: current
      ? {
          since: current.createdAt,
          renewed: connection.refreshAfter !== null,
          endsAt: current.expiresAt,
          locked: rotationLock(ctx, connector),
          rollbackUntil: kept?.keptUntil ?? null,
          history: historyOf(versions.filter(({ endedBy }) => endedBy)),
        }
      : null,
  };
}

const offersOf = (connector: Connector, { connections, mayConnect }: Accounts): ConnectionsPanel['offers'] => [
  ...(mayConnect.workspace
    ? [{ label: connections.length ? 'Connect another account' : 'Connect', form: form(connector, '', '') }]
    : []),
  ...(mayConnect.own ? [{ label: 'Connect your own account', form: form(connector, '', 'me') }] : []),
];

/** What the card offers while nothing is connected. */
export const firstConnect = (connector: Connector, accounts: Accounts | undefined): ConnectForm | null =>
  accounts?.mayConnect.workspace && !accounts.connections.length ? form(connector, '', '') : null;
