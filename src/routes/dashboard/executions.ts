import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import { getWorkspaceSettings } from '../../services/tenants/workspace-settings.ts';
import { getExecution, listExecutions } from '../../services/tools/executions.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { nextPage } from '../next-page.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { frame, settingsNav } from '../pages/settings.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ExecutionResults } from '../view-models/execution.ts';
import { executionDetail, executionRow } from './execution-model.ts';

export const executionPages = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.executions,
      role: 'member',
      audit: null,
      example: { query: { status: 'failed' } },
    },
    async (ctx, c) => {
      const results = await executionResults(ctx, c);
      if (isPartial(c)) return tools.html(c, 'executions/_results', { results });
      const shell = await tools.shell(c, ctx, { title: 'Tool runs', tab: 'activity' });
      return tools.html(c, 'executions/index', { shell, results });
    },
  ),
  page({ method: 'get', path: paths.execution(':id'), role: 'member', audit: null, example: {} }, async (ctx, c) => {
    const row = await getExecution(ctx, idOf(c));
    const execution = await executionDetail(ctx, row);
    if (isPartial(c)) return tools.html(c, 'executions/_detail', { execution });
    const shell = await tools.shell(c, ctx, { title: row.tool, tab: 'activity' });
    return tools.html(c, 'executions/show', { shell, execution });
  }),
  page({ method: 'get', path: paths.executionSettings, role: 'member', audit: null, example: {} }, async (ctx, c) => {
    const shell = await frame(tools, ctx, c, 'Tool runs');
    return tools.html(c, 'executions/settings', {
      shell,
      nav: settingsNav(ctx, paths.executionSettings),
      keep: (await getWorkspaceSettings(ctx)).keepPayloads,
      locked: mayActAs(ctx.actor, 'admin') ? '' : 'Only owners and admins can decide what is kept. Ask one of them.',
    });
  }),
];

const statuses = ['running', 'succeeded', 'failed', 'outcome_unknown', 'awaiting_approval'] as const;

async function executionResults(ctx: Ctx, c: Context<Env>): Promise<ExecutionResults> {
  const { tool = '', status = '', connector_id = '', cursor } = c.req.query();
  const known = statuses.find((each) => each === status);
  const connectorId = /^[0-9a-f-]{36}$/i.test(connector_id) ? connector_id : undefined;
  const filters = { tool: tool.trim().slice(0, 200), status: known ?? '', connector_id: connectorId ?? '' };
  const asked = listExecutions(ctx, { tool: filters.tool || undefined, status: known, connectorId, cursor });
  const { value, failure } = await orFailure(asked);
  return {
    filters,
    rows: value?.data.map(executionRow) ?? [],
    next: value?.nextCursor ? nextPage(c, paths.executions, value.nextCursor) : null,
    failure,
  };
}
