import { type Ctx, mayActAs } from '../../context.ts';
import type { Accounts } from '../../services/accounts.ts';
import type { AccountsPanel, ConnectForm } from '../connection-views.ts';

interface Connector {
  id: string;
  tenantId: string;
  name: string;
}

const form = ({ id, tenantId }: Connector, connectionId: string, user: ConnectForm['user']): ConnectForm => ({
  tenantId,
  connectorId: id,
  connectionId,
  user,
});

/** The connector's accounts with the ways to connect more; null for a connector without any authorisation. */
export function accountsPanel(ctx: Ctx, connector: Connector, accounts: Accounts | undefined): AccountsPanel | null {
  if (!accounts) return null;
  const { connections, mayConnect } = accounts;
  return {
    accounts: connections.map((connection) => {
      const own = connection.userId !== null && connection.userId === ctx.actor.id;
      return {
        id: connection.id,
        label: connection.accountLabel ?? connector.name,
        status: connection.status,
        reason: connection.statusReason ?? '',
        own: connection.userId !== null,
        scopes: connection.scopes,
        connectedAt: connection.createdAt,
        reconnect: own || mayActAs(ctx.actor, 'admin') ? form(connector, connection.id, '') : null,
      };
    }),
    offers: [
      ...(mayConnect.workspace
        ? [{ label: connections.length ? 'Connect another account' : 'Connect', form: form(connector, '', '') }]
        : []),
      ...(mayConnect.own ? [{ label: 'Connect your own account', form: form(connector, '', 'me') }] : []),
    ],
  };
}

/** What the card offers while nothing is connected. */
export const firstConnect = (connector: Connector, accounts: Accounts | undefined): ConnectForm | null =>
  accounts?.mayConnect.workspace && !accounts.connections.length ? form(connector, '', '') : null;
