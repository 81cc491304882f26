import type { Ctx } from '../../context.ts';
import type { ExecutionRow, UseRow } from '../../db/queries/executions.ts';
import { connectorUse } from '../../services/connectors/connector-use.ts';
import { listExecutions } from '../../services/tools/executions.ts';
import { toolOf, whyNoReplay } from '../../services/tools/replays.ts';
import { paths } from '../paths.ts';
import type { ExecutionDetail, ExecutionRowView, RunsPanel } from '../view-models/execution.ts';
import type { Use } from '../view-models/shared.ts';
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
  return { connectorId, rows: data.map(executionRow), use: usesOf(use) };
}

export const usesOf = (rows: UseRow[]): Use[] =>
  rows.map((row) => ({ actor: nameOf(row), tool: row.tool, count: row.count, lastAt: row.lastAt }));
