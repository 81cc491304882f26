import type { Ctx } from '../../context.ts';
import type { ExecutionRow } from '../../db/queries/executions.ts';
import { connectorUse } from '../../services/connector-use.ts';
import { listExecutions } from '../../services/executions.ts';
import { toolOf, whyNoReplay } from '../../services/replays.ts';
import type { ExecutionDetail, ExecutionRowView, RunsPanel } from '../execution-views.ts';
import { paths } from '../paths.ts';
import { durationText } from './tool-model.ts';

const nameOf = ({ actorType, actorName }: { actorType: string; actorName: string }) =>
  actorType === 'api_key' ? `${actorName} (API key)` : actorName;

export const executionRow = (row: ExecutionRow): ExecutionRowView => ({
  id: row.id,
  tool: row.tool,
  status: row.status,
  duration: row.durationMs === null ? '' : durationText(row.durationMs),
  actor: nameOf(row),
  at: row.createdAt,
  problem: row.errorMessage ?? '',
});

const jsonOf = (value: unknown): string => (value === null ? '' : JSON.stringify(value, null, 2));

export async function executionDetail(ctx: Ctx, row: ExecutionRow): Promise<ExecutionDetail> {
  const tool = await toolOf(ctx, row.tool);
  const from = row.input === null ? '' : `?from=${row.id}`;
  return {
    ...executionRow(row),
    tenantId: row.tenantId,
    connectorId: row.connectorId,
    attempts: row.attempts,
    errorCode: row.errorCode ?? '',
    upstreamRequestId: row.upstreamRequestId ?? '',
    requestId: row.requestId,
    input: jsonOf(row.input),
    output: jsonOf(row.output),
    noReplay: whyNoReplay(tool, row) ?? '',
    form: tool ? paths.connectorTool(row.connectorId, tool.slug) + from : '',
    result: null,
  };
}

/** Null for a connector whose service cannot be called at all. */
export async function runsPanel(ctx: Ctx, connectorId: string, callable: boolean): Promise<RunsPanel | null> {
  if (!callable) return null;
  const { data } = await listExecutions(ctx, { connectorId, limit: 5 });
  const use = data.length ? await connectorUse(ctx, connectorId) : [];
  return { connectorId, rows: data.map(executionRow), use: use.map((row) => ({ ...row, actor: nameOf(row) })) };
}

/** Who will miss it, in sentences, for the question before it goes. */
export async function useSentences(ctx: Ctx, connectorId: string): Promise<string[]> {
  const use = await connectorUse(ctx, connectorId);
  const shown = use.slice(0, 5).map((row) => `${nameOf(row)} (${row.tool}, ${row.count}×)`);
  return shown.length ? [`Used in the last 30 days by ${shown.join(', ')}${use.length > 5 ? ' and others' : ''}.`] : [];
}
