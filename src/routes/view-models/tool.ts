import type { Field } from '../../lib/forms/field.ts';
import type { ErrorSummary } from '../../lib/forms/summary.ts';
import type { Sheet } from '../../lib/sheet.ts';
import type { Option } from './shared.ts';
import type { Shell } from './shell.ts';

// What the templates under views/tools/ are given.

export type SideEffectWord = 'Reads' | 'Changes' | 'Writes';

/** The tools of one connector, on its page and on a page of their own. */
export interface ToolsPanel {
  connectorId: string;
  q: string;
  /** Whether operations can be imported as tools. */
  imports: boolean;
  /** Without the search. */
  total: number;
  tools: { slug: string; title: string; description: string; effect: SideEffectWord }[];
  /** Where the next page is; null on the last one. */
  next: string | null;
}

/** The form to try a tool, with what came of the last try. */
export interface ToolTrial {
  connector: { id: string; name: string; tenantId: string; icon: string; service: string };
  tool: { slug: string; name: string; title: string; description: string; effect: SideEffectWord };
  /** Reserved: a form that is sent twice runs once. */
  executionId: string;
  /** Why it cannot be run now; '' when it can. */
  blocked: string;
  /** To choose from when there are several. */
  accounts: Option[];
  fields: Field[];
  summary?: ErrorSummary;
  /** The question before something changes at the service; '' when there is none to ask (yet). */
  question: string;
  result: ToolResult | null;
}

export type RunStatus = 'running' | 'succeeded' | 'failed' | 'outcome_unknown' | 'awaiting_approval';

export interface ToolResult {
  executionId: string;
  status: RunStatus;
  duration: string;
  attempts: number;
  /** The records in its answer; null where it is something else. */
  sheet: Sheet | null;
  /** Formatted JSON; '' unless it succeeded. */
  output: string;
  /** How many characters are not shown. */
  cut: number;
  /** Why it did not succeed; '' when it did. */
  problem: string;
  /** What to mend: an argument of the form, or a setting of the connector. */
  mend: { label: string; target: string; path: string } | null;
}

export interface ToolModels {
  'tools/index': { shell: Shell; connector: { id: string; name: string }; panel: ToolsPanel };
  'tools/_panel': { panel: ToolsPanel };
  'tools/show': { shell: Shell; trial: ToolTrial };
  'tools/_trial': { trial: ToolTrial };
}

export interface ToolPartials {
  'tools/_effect': { effect: SideEffectWord };
  'tools/_result': { result: ToolResult };
  'tools/_output': { result: ToolResult };
  'tools/_status': { status: RunStatus };
}
