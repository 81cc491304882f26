import type { Ctx } from '../../context.ts';
import type { SideEffect, Tool } from '../../drivers/driver.ts';
import { sheetOf } from '../../lib/sheet.ts';
import type { Executed, toolsOf } from '../../services/tools/tools.ts';
import { paths } from '../paths.ts';
import type { SideEffectWord, ToolResult, ToolsPanel, ToolTrial } from '../view-models/tool.ts';
import { labelAt } from './connector-model.ts';

type Found = Awaited<ReturnType<typeof toolsOf>>;

export const effectWords: Record<SideEffect, SideEffectWord> = {
  none: 'Reads',
  idempotent: 'Changes',
  write: 'Writes',
};

/** Null for a connector whose driver has no tools. */
export const toolsPanel = ({ connector, tools, total, nextCursor, imports }: Found, q = ''): ToolsPanel | null =>
  total || imports
    ? {
        connectorId: connector.id,
        q,
        total,
        imports,
        tools: tools.map(({ slug, title, description, sideEffect }) => ({
          slug,
          title,
          description,
          effect: effectWords[sideEffect],
        })),
        next: nextCursor
          ? `${paths.connectorTools(connector.id)}?${new URLSearchParams({ q, cursor: nextCursor })}`
          : null,
      }
    : null;

/** What a tool is and where it stands. */
export const trialHead = (
  { connector }: Pick<Found, 'connector'>,
  tool: Tool,
): Pick<ToolTrial, 'connector' | 'tool'> => ({
  connector: {
    id: connector.id,
    name: connector.name,
    tenantId: connector.tenantId,
    icon: connector.catalog.icon,
    service: connector.catalog.name,
  },
  tool: {
    slug: tool.slug,
    name: `${connector.catalog.key}.${tool.slug}`,
    title: tool.title,
    description: tool.description,
    effect: effectWords[tool.sideEffect],
  },
});

const longestOutput = 200_000;

/** @param fieldId finds the control of an argument in the form; '' when it has none */
export function toolResult(
  ctx: Ctx,
  { connector }: Pick<Found, 'connector'>,
  { executionId, status, data, error, report }: Executed,
  fieldAt: (path: string) => { id: string; label: string } | undefined,
): ToolResult {
  const text = status === 'succeeded' ? JSON.stringify(data, null, 2) : '';
  const mend = (field: string): ToolResult['mend'] => {
    if (/^(config|auth)\./.test(field))
      return { label: labelAt(ctx, connector, field), target: '', path: paths.editConnector(connector.id) };
    const control = fieldAt(field);
    return control ? { label: control.label, target: control.id, path: '' } : null;
  };
  return {
    executionId,
    status,
    duration: durationText(report.durationMs),
    attempts: report.attempts,
    sheet: status === 'succeeded' ? sheetOf(data) : null,
    output: text.slice(0, longestOutput),
    cut: Math.max(0, text.length - longestOutput),
    problem: error?.message ?? '',
    mend: error?.field ? mend(error.field) : null,
  };
}

/** `240 ms`, `3.2 s`. */
export const durationText = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);
