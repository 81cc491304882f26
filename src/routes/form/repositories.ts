import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { notFound } from '../../errors.ts';
import { requestSync } from '../../services/connections/repositories.ts';
import { getConnector } from '../../services/connectors/installed.ts';
import { askedFor, repositoriesPanel } from '../dashboard/repository-model.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** The repositories of a connector's accounts, and reading them anew. */
export const repositoryForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.connectorRepositories(':id'),
      role: 'member',
      audit: null,
      example: { query: { q: 'hello' } },
    },
    async (ctx, c) => {
      const { connector, panel } = await panelOf(ctx, c, askedFor(c));
      if (isPartial(c)) return tools.html(c, 'repositories/_panel', { panel });
      const shell = await tools.shell(c, ctx, { title: `Repositories of ${connector.name}`, tab: 'installed' });
      return tools.html(c, 'repositories/index', {
        shell,
        connector: { id: connector.id, name: connector.name },
        panel,
      });
    },
  ),
  page(
    { method: 'post', path: paths.repositorySync(':id'), role: 'member', audit: null, example: { form: {} } },
    async (ctx, c) => {
      const connection_id = (await formFields(c))?.get('connection_id');
      const { connector, panel } = await panelOf(ctx, c, { connection_id });
      const sync = await requestSync(ctx, panel.connectionId);
      const status = sync?.status === 'running' ? 'running' : 'waiting';
      if (isPartial(c))
        return tools.html(c, 'repositories/_panel', { panel: { ...panel, sync: { ...panel.sync, status } } });
      leaveNotice(c, tools.hub, { tone: 'info', name: connector.name, text: 'is being read. Look again in a moment.' });
      return tools.redirect(c, paths.connectorRepositories(connector.id));
    },
  ),
];

async function panelOf(ctx: Ctx, c: Context<Env>, asked: ReturnType<typeof askedFor>) {
  const { connector } = await getConnector(ctx, idOf(c));
  const panel = await repositoriesPanel(ctx, connector, asked);
  if (!panel) throw notFound('list of repositories');
  return { connector, panel };
}
