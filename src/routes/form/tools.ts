import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { checkArguments } from '../../services/tools/tool-arguments.ts';
import { executeTool } from '../../services/tools/tools.ts';
import type { Env } from '../env.ts';
import { formData } from '../middleware/form-fields.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { reservedId } from '../reserved-id.ts';
import { readArguments, type Trial, type TriedTool, toolTrial, triedTool } from '../tool-trial.ts';

/** Running a tool by hand. What changes something at the service is run only by a second press. */
export const toolForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'post',
      path: paths.toolExecutions(':id', ':tool'),
      role: 'member',
      audit: null,
      example: { params: { tool: 'get_user' }, form: { 'arguments.login': 'octocat' } },
    },
    async (ctx, c) => {
      const tried = await triedTool(ctx, idOf(c), c.req.param('tool') ?? '');
      const { trial, status } = await run(ctx, tried, await formData(c), c.req.raw.signal);
      return trial === 'run already' ? toRecord(tools, c, status) : answer(tools, ctx, c, tried, trial, status);
    },
  ),
];

type Outcome = { trial: Trial; status: number } | { trial: 'run already'; status: string };

async function run(ctx: Ctx, tried: TriedTool, form: FormData, signal: AbortSignal): Promise<Outcome> {
  const sent = readArguments(tried, form);
  const connectionId = text(form, 'connection_id') || undefined;
  const executionId = reservedId(form.get('execution_id'));
  const trial: Trial = { sent, connectionId, executionId };
  try {
    await checkArguments(tried.tool, sent.value, sent.errors);
    const agreed = tried.tool.sideEffect === 'none' || text(form, 'confirmed') === 'yes';
    if (!agreed) return { trial: { ...trial, asks: true }, status: 422 };
    const input = { connectorId: tried.connector.id, connectionId, arguments: sent.value, executionId };
    const executed = await executeTool(ctx, tried.name, input, signal);
    return { trial: { ...trial, executed, executionId: undefined }, status: 200 };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { execution_id: already } = error.extra ?? {};
    if (typeof already === 'string') return { trial: 'run already', status: already };
    if (!error.errors) throw error;
    return { trial: { ...trial, errors: error.errors }, status: 422 };
  }
}

const text = (form: FormData, name: string): string => String(form.get(name) ?? '');

function toRecord(tools: PageTools, c: Context<Env>, id: string): Response {
  if (!isPartial(c)) return tools.redirect(c, paths.execution(id));
  c.header('HX-Redirect', tools.url(paths.execution(id)));
  return c.body(null, 200);
}

async function answer(tools: PageTools, ctx: Ctx, c: Context<Env>, tried: TriedTool, trial: Trial, status: number) {
  const shown = await toolTrial(ctx, tried, trial);
  if (isPartial(c)) return tools.html(c, 'tools/_trial', { trial: shown }, status);
  const shell = await tools.shell(c, ctx, { title: tried.tool.title, tab: 'installed' });
  return tools.html(c, 'tools/show', { shell, trial: shown }, status);
}
