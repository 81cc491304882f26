import { paths } from '../../src/routes/paths.ts';
import type {
  ExecutionDetail,
  ExecutionModels,
  ExecutionRowView,
  RunsPanel,
} from '../../src/routes/view-models/execution.ts';
import type { Shell } from '../../src/routes/view-models/shell.ts';

const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';
const at = new Date('2026-11-20T09:00:00Z');

const row = (hostile: string): ExecutionRowView => ({
  id,
  tool: hostile,
  status: 'outcome_unknown',
  duration: '12 ms',
  actor: hostile,
  at,
  problem: hostile,
});

export const runsPanel = (hostile: string): RunsPanel => ({
  connectorId: id,
  rows: [row(hostile)],
  use: [{ actor: hostile, tool: hostile, count: 3, lastAt: at }],
});

/** A model for every page of executions, full of what must be escaped. */
export function executionModels(hostile: string, shell: Shell): ExecutionModels {
  const filters = { tool: hostile, status: 'failed', connector_id: id };
  const results = { filters, rows: [row(hostile)], next: paths.executions, failure: null };
  const execution: ExecutionDetail = {
    ...row(hostile),
    tenantId: id,
    connectorId: id,
    attempts: 2,
    errorCode: hostile,
    upstreamRequestId: hostile,
    requestId: hostile,
    input: hostile,
    output: hostile,
    noReplay: hostile,
    form: paths.connectorTool(id, 'get_user'),
    result: null,
  };
  return {
    'executions/index': { shell, results },
    'executions/_results': { results },
    'executions/show': { shell, execution },
    'executions/_detail': { execution: { ...execution, status: 'running' } },
    'executions/settings': { shell, nav: [], keep: true, locked: hostile },
  };
}
