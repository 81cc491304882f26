import type { Ctx } from '../../context.ts';
import { asBroker } from '../../services/brokers/brokers.ts';
import { type Accounts, accountsOf } from '../../services/connections/accounts.ts';
import { listInstalled } from '../../services/connectors/installed.ts';
import { healthOverview } from '../../services/health/health-overview.ts';
import { isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ConnectionsPanel } from '../view-models/connection.ts';
import { connectionsPanel } from './accounts-model.ts';

/** What somebody has connected for themselves, and what they may. */
export const myConnectionsPages = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.myConnections, role: 'member', audit: null, example: {} }, async (ctx, c) => {
    const panels = await ownPanels(ctx);
    if (isPartial(c)) return tools.html(c, 'connections/_mine', { panels });
    return tools.html(c, 'connections/mine', {
      shell: await tools.shell(c, ctx, { title: 'My connections', tab: null }),
      panels,
    });
  }),
];

/** A panel for each connector under which this person has an account of their own, or may connect one. */
async function ownPanels(ctx: Ctx): Promise<ConnectionsPanel[]> {
  const { data: connectors } = await listInstalled(ctx, { limit: 200 });
  const overview = await healthOverview(ctx, connectors);
  const accounts = accountsOf(ctx, connectors, overview);
  const panels = connectors.map(async (connector) => {
    const own = (overview.get(connector.id) ?? []).filter(({ connection }) => connection.userId === ctx.actor.id);
    const mine = accounts.get(connector.id);
    const broker = asBroker(ctx, connector) !== null && connector.auth.personal_accounts !== false;
    if (!own.length && !mine?.mayConnect.own && !broker) return null;
    const panel = await connectionsPanel(ctx, connector, mine ? onlyOwn(mine) : undefined, own);
    const empty = { rows: [], authorised: true, offers: [], browse: broker ? paths.catalog : null, of: null };
    return { ...(panel ?? empty), of: { id: connector.id, name: connector.name } };
  });
  return (await Promise.all(panels)).filter((panel) => panel !== null);
}

const onlyOwn = (accounts: Accounts): Accounts => ({
  ...accounts,
  mayConnect: { ...accounts.mayConnect, workspace: false },
});
