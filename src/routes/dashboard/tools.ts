import { getExecution } from '../../services/tools/executions.ts';
import { toolsOf } from '../../services/tools/tools.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { toolTrial, triedTool } from '../tool-trial.ts';
import { toolsPanel } from './tool-model.ts';

export const toolPages = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.connectorTools(':id'),
      role: 'member',
      audit: null,
      example: { query: { q: 'issue' } },
    },
    async (ctx, c) => {
      const q = (c.req.query('q') ?? '').slice(0, 200);
      const found = await toolsOf(ctx, idOf(c), q, c.req.query('cursor'));
      const { connector } = found;
      const panel = toolsPanel(found, q) ?? {
        connectorId: connector.id,
        q,
        total: 0,
        imports: false,
        tools: [],
        next: null,
      };
      if (isPartial(c)) return tools.html(c, 'tools/_panel', { panel });
      const shell = await tools.shell(c, ctx, { title: `Tools of ${connector.name}`, tab: 'installed' });
      return tools.html(c, 'tools/index', { shell, connector: { id: connector.id, name: connector.name }, panel });
    },
  ),
  page(
    {
      method: 'get',
      path: paths.connectorTool(':id', ':tool'),
      role: 'member',
      audit: null,
      example: { params: { tool: 'get_user' } },
    },
    async (ctx, c) => {
      const tried = await triedTool(ctx, idOf(c), c.req.param('tool') ?? '');
      const from = c.req.query('from');
      const value = from ? (await getExecution(ctx, from)).input : undefined;
      const trial = await toolTrial(ctx, tried, { value: value ?? undefined });
      const shell = await tools.shell(c, ctx, { title: tried.tool.title, tab: 'installed' });
      return tools.html(c, 'tools/show', { shell, trial });
    },
  ),
];
