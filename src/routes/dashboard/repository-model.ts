import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { usableAccounts } from '../../services/calls/call-targets.ts';
import { listRepositories } from '../../services/connections/repositories.ts';
import type { Env } from '../env.ts';
import { paths } from '../paths.ts';
import type { RepositoriesPanel } from '../view-models/repository.ts';

interface Asked {
  q?: string;
  connection_id?: string;
  cursor?: string;
}

/** What the address asks for. */
export const askedFor = (c: Context<Env>): Asked => c.req.query();

/** The repositories of one of the connector's accounts; null where there are none to see. */
export async function repositoriesPanel(
  ctx: Ctx,
  connector: ConnectorRow,
  { q = '', connection_id, cursor }: Asked = {},
): Promise<RepositoriesPanel | null> {
  if (!ctx.hub.drivers.get(connector.catalog.key)?.listRepositories) return null;
  const { accounts } = await usableAccounts(ctx, connector);
  const account = accounts.find(({ id }) => id === connection_id) ?? accounts[0];
  if (!account) return null;
  const text = q.slice(0, 200);
  const list = await listRepositories(ctx, account.id, { q: text, limit: 20, cursor });
  const query = { connection_id: account.id, q: text, cursor: list.nextCursor ?? '' };
  return {
    connectorId: connector.id,
    tenantId: connector.tenantId,
    connectionId: account.id,
    accounts:
      accounts.length > 1
        ? accounts.map(({ id, accountLabel }) => ({
            value: id,
            label: accountLabel ?? connector.name,
            chosen: id === account.id,
          }))
        : [],
    q: text,
    rows: list.data.map((row) => ({
      name: row.fullName,
      url: /^https?:\/\//i.test(row.url) ? row.url : '',
      description: row.description ?? '',
      branch: row.defaultBranch ?? '',
      private: row.private,
      archived: row.archived,
    })),
    next: list.nextCursor ? `${paths.connectorRepositories(connector.id)}?${new URLSearchParams(query)}` : null,
    sync: {
      status: list.sync?.status ?? 'waiting',
      count: list.sync?.count ?? 0,
      error: list.sync?.error ?? '',
      finishedAt: list.sync?.finishedAt ?? null,
    },
  };
}
