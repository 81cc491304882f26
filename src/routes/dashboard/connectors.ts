import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import { listAudit } from '../../services/audit.ts';
import { accountsOf } from '../../services/connections/accounts.ts';
import { pendingFile } from '../../services/connector-files/pending-file.ts';
import { attentionTo } from '../../services/connectors/attention.ts';
import { browseInstalled, getConnector } from '../../services/connectors/installed.ts';
import { healthOverview } from '../../services/health/health-overview.ts';
import { hasTables } from '../../services/tools/browsing.ts';
import { toolsOf } from '../../services/tools/tools.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { nextPage } from '../next-page.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ConnectorDetail, InstalledFilters, InstalledResults } from '../view-models/connector.ts';
import { connectionsPanel } from './accounts-model.ts';
import { trailRow } from './activity-model.ts';
import { connectorCard, connectorSections } from './connector-model.ts';
import { credentialPanel } from './credential-model.ts';
import { runsPanel } from './execution-model.ts';
import { shownPending } from './file-model.ts';
import { isCheckedSoon } from './health-model.ts';
import { repositoriesPanel } from './repository-model.ts';
import { toolsPanel } from './tool-model.ts';

export const connectorPages = (tools: PageTools): PageRoute[] => [
  page(
    { method: 'get', path: paths.installed, role: 'member', audit: null, example: { query: { status: 'inactive' } } },
    async (ctx, c) => {
      const results = await installedResults(ctx, c);
      if (isPartial(c)) return tools.html(c, 'connectors/_results', { results });
      return tools.html(c, 'connectors/index', {
        shell: await tools.shell(c, ctx, { title: 'Installed', tab: 'installed' }, results.counters),
        results,
      });
    },
  ),
  page({ method: 'get', path: paths.connector(':id'), role: 'member', audit: null, example: {} }, async (ctx, c) => {
    const detail = await connectorDetail(ctx, idOf(c));
    if (isPartial(c)) return tools.html(c, 'connectors/_detail', { detail });
    return tools.html(c, 'connectors/show', {
      shell: await tools.shell(c, ctx, { title: detail.card.name, tab: 'installed' }),
      detail,
    });
  }),
];

/** What the address asks for; a filter that it does not know is none. */
function filtersOf(query: Record<string, string>): InstalledFilters {
  const { q = '', status = '', entry = '' } = query;
  const statuses = ['active', 'inactive', 'attention'] as const;
  return { q: q.slice(0, 200), status: statuses.find((known) => known === status) ?? '', entry: entry.slice(0, 100) };
}

/** The Installed list as the address filters it; also the page behind a dialog. */
export async function installedResults(ctx: Ctx, c: Context<Env>, query = c.req.query()): Promise<InstalledResults> {
  const filters = filtersOf(query);
  const { value, failure } = await orFailure(load(ctx, filters, query.cursor));
  return {
    filters,
    pending: value?.pending ? shownPending(value.pending) : null,
    counts: value?.counts ?? { all: 0, active: 0, inactive: 0, attention: 0 },
    entries: value?.entries ?? [],
    counters: value?.counters ?? null,
    cards:
      value?.list.data.map((row) =>
        connectorCard(ctx, row, {
          unreadable: value.unreadable.get(row.id) ?? [],
          attention: value.attention.get(row.id) ?? null,
          accounts: value.accounts.get(row.id),
          connections: value.health.get(row.id),
          pending: value.pending,
        }),
      ) ?? [],
    soon:
      value?.list.data.some((row) => isCheckedSoon(row, value.health.get(row.id), value.attention.get(row.id))) ??
      false,
    next: value?.list.nextCursor ? nextPage(c, paths.installed, value.list.nextCursor) : null,
    failure,
  };
}

async function load(ctx: Ctx, filters: InstalledFilters, cursor: string | undefined) {
  const installed = await browseInstalled(ctx, {
    q: filters.q || undefined,
    status: filters.status || undefined,
    catalogKey: filters.entry || undefined,
    cursor,
  });
  const { data } = installed.list;
  return {
    ...installed,
    accounts: accountsOf(ctx, data, installed.health),
    pending: await adminsPending(ctx),
  };
}

/** Nobody else can do anything about it. */
const adminsPending = (ctx: Ctx) => (mayActAs(ctx.actor, 'admin') ? pendingFile(ctx) : null);

/** Everything on a connector's page. @throws AppError not_found */
export async function connectorDetail(ctx: Ctx, id: string): Promise<ConnectorDetail> {
  const { connector, unreadable } = await getConnector(ctx, id);
  const attention = await attentionTo(ctx, connector.id);
  const health = await healthOverview(ctx, [connector]);
  const accounts = accountsOf(ctx, [connector], health).get(connector.id);
  const connections = health.get(connector.id);
  const tools = toolsPanel(await toolsOf(ctx, connector.id));
  const subjectIds = [connector.id, ...(connections ?? []).map(({ connection }) => connection.id)];
  const events = await listAudit(ctx, { subjectIds, limit: 10 });
  return {
    card: connectorCard(ctx, connector, {
      ...{ unreadable, attention, accounts, connections },
      pending: await adminsPending(ctx),
    }),
    soon: isCheckedSoon(connector, connections, attention),
    connections: await connectionsPanel(ctx, connector, accounts, connections),
    credential: await credentialPanel(ctx, connector),
    tools,
    runs: await runsPanel(ctx, connector.id, tools !== null),
    hasTables: hasTables(ctx, connector),
    repositories: await repositoriesPanel(ctx, connector),
    sections: connectorSections(ctx, connector, unreadable),
    createdAt: connector.createdAt,
    createdBy: connector.createdByName ?? 'Patchbay',
    curl: `curl -H "Authorization: Bearer $PATCHBAY_KEY" ${ctx.hub.config.baseUrl}/api/connectors/${connector.id}`,
    events: events.data.map((row) => trailRow(row, connector.name)),
  };
}
