import { type Static, Type } from '@sinclair/typebox';
import type { ExecutionResult } from '../../services/approvals/execution-results.ts';
import type { RecordedUsage } from '../../services/gateway/llm-usage.ts';
import type { Executed } from '../../services/tools/tools.ts';
import { component, Nullable, OneOf, Uuid } from './components.ts';

// What a call of a tool answers, and how it stands later.

const ToolProblem = Type.Object({
  code: Type.String({ description: 'What kind of failure, e.g. service_permission or network_timeout.' }),
  message: Type.String({ description: 'A sentence: what the service said and what to do.' }),
  retryable: Type.Boolean({ description: 'Whether the same call may succeed later.' }),
  retry_after_s: Type.Optional(Type.Integer()),
  field: Type.Optional(Type.String({ description: 'The argument or setting to mend.' })),
  service_code: Type.Optional(Type.String({ description: 'The service’s own code.' })),
});

export const ExecuteResponse = component(
  'ToolExecution',
  Type.Object({
    execution_id: Uuid('Find it again at /api/executions/{id}.'),
    status: OneOf(['succeeded', 'failed', 'outcome_unknown', 'awaiting_approval'], {
      description:
        '`awaiting_approval` (with 202): nothing was called yet. `outcome_unknown`: the answer to a write was lost, so it may have happened; it was not repeated.',
    }),
    data: Type.Unknown({ description: 'What the tool gave; null unless it succeeded.' }),
    error: Nullable(ToolProblem, 'Why it did not succeed.'),
    approval: Type.Optional(
      Type.Object(
        {
          expires_at: Type.String({ format: 'date-time', description: 'Until when an admin can decide.' }),
          status_url: Type.String({ description: 'Where to look how it stands, below the hub’s address.' }),
        },
        { description: 'While it waits for an admin.' },
      ),
    ),
    usage: Type.Object({
      duration_ms: Type.Integer(),
      attempts: Type.Integer({ description: 'Requests sent, with repetitions.' }),
      model: Type.Optional(
        Type.String({ description: 'From here on for tools that asked a language model: its name.' }),
      ),
      tier: Type.Optional(Nullable(Type.String(), 'Null when a model was named.')),
      tokens_in: Type.Optional(Type.Integer()),
      tokens_cached: Type.Optional(Type.Integer({ description: 'Of `tokens_in`.' })),
      tokens_out: Type.Optional(Type.Integer()),
      estimated: Type.Optional(Type.Boolean({ description: 'The provider did not say, so tokens are guessed.' })),
      cost_usd: Type.Optional(Nullable(Type.String(), 'US dollars, exact; null when nobody knows the price.')),
      first_token_ms: Type.Optional(Nullable(Type.Integer(), 'Until the answer began.')),
    }),
  }),
);

export const ExecutionResultResponse = component(
  'ToolExecutionResult',
  Type.Object({
    execution_id: Uuid('Of the execution.'),
    tool: Type.String(),
    status: OneOf(['running', 'succeeded', 'failed', 'outcome_unknown', 'awaiting_approval']),
    data: Type.Unknown({ description: 'What the tool gave, while that is kept; null otherwise.' }),
    data_until: Nullable(Type.String({ format: 'date-time' }), 'Until when it is kept; null where it is not.'),
    data_left_out: Type.Boolean({ description: 'It was too large to keep.' }),
    error: Nullable(ToolProblem, 'Why it did not succeed.'),
    approval: Nullable(
      Type.Object({
        status: OneOf(['pending', 'approved', 'refused', 'expired', 'withdrawn']),
        expires_at: Nullable(Type.String({ format: 'date-time' }), 'While it waits: until when.'),
        note: Nullable(Type.String(), 'What the admin said.'),
      }),
      'Null for a call that needed none.',
    ),
  }),
);

export const resultResponse = (found: ExecutionResult): Static<typeof ExecutionResultResponse> => ({
  execution_id: found.executionId,
  tool: found.tool,
  status: found.status,
  data: found.data,
  data_until: found.resultUntil?.toISOString() ?? null,
  data_left_out: found.cut,
  error: found.error,
  approval: found.approval && {
    status: found.approval.status,
    expires_at: found.approvalUntil?.toISOString() ?? null,
    note: found.approval.note,
  },
});

export const executeResponse = ({ executionId, status, data, error, report, usage, approvalUntil }: Executed) => ({
  execution_id: executionId,
  status,
  data,
  error,
  ...(approvalUntil && {
    approval: { expires_at: approvalUntil.toISOString(), status_url: `/api/executions/${executionId}/result` },
  }),
  usage: { duration_ms: report.durationMs, attempts: report.attempts, ...(usage && usedOfModels(usage)) },
});

const usedOfModels = (usage: RecordedUsage) => ({
  model: usage.model,
  tier: usage.tier,
  tokens_in: usage.tokensIn,
  tokens_cached: usage.tokensCached,
  tokens_out: usage.tokensOut,
  estimated: usage.estimated,
  cost_usd: usage.costUsd,
  first_token_ms: usage.firstTokenMs,
});
