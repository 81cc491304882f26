import type { SettingsNav, Use } from './shared.ts';
import type { Shell } from './shell.ts';
import type { RunStatus, ToolResult } from './tool.ts';

// What the templates under views/executions/ are given.

export interface ExecutionRowView {
  id: string;
  tool: string;
  status: RunStatus;
  /** '' while it runs. */
  duration: string;
  actor: string;
  at: Date;
  /** Why it did not succeed; '' when it did. */
  problem: string;
}

export interface ExecutionResults {
  filters: { tool: string; status: string; connector_id: string };
  rows: ExecutionRowView[];
  next: string | null;
  failure: string | null;
}

/** On a connector's page: what was called last, and who called what how often. */
export interface RunsPanel {
  connectorId: string;
  rows: ExecutionRowView[];
  use: Use[];
}

export interface ExecutionDetail extends ExecutionRowView {
  tenantId: string;
  connectorId: string;
  attempts: number;
  errorCode: string;
  /** The id that the service's support finds it by; '' for none. */
  upstreamRequestId: string;
  requestId: string;
  /** Formatted JSON; '' where nothing is kept or shown. */
  input: string;
  output: string;
  /** Why it cannot be replayed; '' when it can. */
  noReplay: string;
  /** The form of the tool, with the arguments where they are kept; '' when there is none. */
  form: string;
  /** Of the replay that was just made. */
  result: ToolResult | null;
}

export interface ExecutionModels {
  'executions/index': { shell: Shell; results: ExecutionResults };
  'executions/_results': { results: ExecutionResults };
  'executions/show': { shell: Shell; execution: ExecutionDetail };
  /** Fetches itself again while it runs. */
  'executions/_detail': { execution: ExecutionDetail };
  'executions/settings': { shell: Shell; nav: SettingsNav; keep: boolean; locked: string };
}

export interface ExecutionPartials {
  'executions/_row': { row: ExecutionRowView };
  'executions/_runs': { panel: RunsPanel };
  'executions/_use': { use: Use[] };
  /** How many calls wait for approval; null for whoever may not decide. */
  'executions/_tabs': { current: 'changes' | 'runs' | 'approvals'; approvals: number | null };
}
