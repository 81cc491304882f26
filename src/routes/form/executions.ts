import { getConnector } from '../../services/connectors/installed.ts';
import { keepPayloads } from '../../services/tenants/workspace-settings.ts';
import { getExecution } from '../../services/tools/executions.ts';
import { replayExecution } from '../../services/tools/replays.ts';
import { executionDetail } from '../dashboard/execution-model.ts';
import { toolResult } from '../dashboard/tool-model.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

export const executionForms = (tools: PageTools): PageRoute[] => [
  page(
    { method: 'post', path: paths.executionReplays(':id'), role: 'member', audit: null, example: { form: {} } },
    async (ctx, c) => {
      const row = await getExecution(ctx, idOf(c));
      const detail = await executionDetail(ctx, row);
      const { noReplay, form } = detail;
      if (noReplay && form) return tools.redirect(c, form);
      const executed = await replayExecution(ctx, row.id, c.req.raw.signal);
      const result = toolResult(ctx, await getConnector(ctx, row.connectorId), executed, () => undefined);
      const shell = await tools.shell(c, ctx, { title: row.tool, tab: 'activity' });
      return tools.html(c, 'executions/show', { shell, execution: { ...detail, result } });
    },
  ),
  page(
    {
      method: 'put',
      path: paths.executionSettings,
      role: 'admin',
      audit: 'settings.updated',
      example: { form: {} },
    },
    async (ctx, c) => {
      const keep = (await formFields(c))?.get('keep') === 'true';
      await keepPayloads(ctx, keep);
      const text = keep ? 'Inputs and outputs are kept from now on.' : 'Inputs and outputs are not kept.';
      leaveNotice(c, tools.hub, { tone: 'ok', text });
      return tools.redirect(c, paths.executionSettings);
    },
  ),
];
