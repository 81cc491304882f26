import { changes, type Plan, type Step } from '../services/connector-files/file-plan.ts';

/** The plan in words, without any value, and how many connectors and settings it changes. */
export function tell({ steps, model }: Plan, baseUrl: string): { text: string; count: number } {
  const due = steps.filter(changes);
  const waiting = steps.filter(({ waits }) => waits);
  const lines = [
    ...due.flatMap(stepLines),
    ...(model === null ? [] : [`default_model_connector: ${model}`]),
    ...waiting.map(({ name, row, waits }) => waitLine(name, waits, row && `${baseUrl}/connectors/${row.id}`)),
    `${due.length} to change, ${steps.length - due.length} as described.`,
  ];
  return { text: lines.join('\n'), count: due.length + (model === null ? 0 : 1) };
}

const stepLines = ({ handle, name, actions }: Step): string[] => [
  `${handle} (${name})`,
  ...actions.map(({ action, fields }) => `  ${action.padEnd(14)} ${fields.join(', ')}`.trimEnd()),
];

const waitLine = (name: string, why: string, url: string | null) =>
  `${name} becomes active once it can: ${why}${url ? ` ${url}` : ''}`;
