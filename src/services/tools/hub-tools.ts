import type { Ctx } from '../../context.ts';
import type { Values } from '../../drivers/driver.ts';
import { invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { type ExecutionResult, resultOf } from '../approvals/execution-results.ts';
import { findNamedTools } from './named-tools.ts';

/** A tool of the hub itself, for agents: nothing outside is called. */
export interface HubTool {
  name: string;
  title: string;
  description: string;
  input: JsonSchema;
  run(ctx: Ctx, values: Values): Promise<Values>;
}

const findTools: HubTool = {
  name: 'find_tools',
  title: 'Find tools',
  description:
    'Finds the tools that fit what you want to do, best first, with what they take. Say it in a few words or one sentence, in English: “open a ticket about the outage”. Use it when there are too many tools to read.',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['query'],
    properties: {
      query: { type: 'string', minLength: 1, maxLength: 500, description: 'What you want to do.' },
      limit: { type: 'integer', minimum: 1, maximum: 50, description: 'How many at most; 10 unless told.' },
    },
  },
  async run(ctx, { query, limit = 10 }) {
    const found = await findNamedTools(ctx, String(query), Number(limit));
    return {
      tools: found.map(({ name, tool, connector }) => ({
        name,
        title: tool.title,
        description: tool.description,
        connector: connector.name,
        side_effect: tool.sideEffect,
        input_schema: tool.input,
      })),
    };
  },
};

const getExecution: HubTool = {
  name: 'get_execution',
  title: 'Look after a call',
  description:
    'Tells how a call stands that you made, and what came of it. Use it after a tool answered that an admin has to approve: with the execution_id of that answer. It can wait up to 20 seconds for it; when it still waits then, do something else or tell the person that an admin has to decide.',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['execution_id'],
    properties: {
      execution_id: { type: 'string', format: 'uuid', description: 'As the call’s answer gave it.' },
      wait_s: {
        type: 'integer',
        minimum: 0,
        maximum: 20,
        description: 'Seconds to wait for it to end; 0 unless told.',
      },
    },
  },
  async run(ctx, { execution_id: id, wait_s = 0 }) {
    const found = await resultOf(ctx, String(id), { ms: Number(wait_s) * 1000 });
    const { tool, status, data, error, approval, approvalUntil, cut } = found;
    return {
      execution_id: String(id),
      tool,
      status,
      next: nextStep(found),
      ...(status === 'succeeded' && { result: data }),
      ...(cut && { result_left_out: 'It was too large to keep.' }),
      ...(error && { error }),
      ...(approval && { approval: { status: approval.status, note: approval.note } }),
      ...(approvalUntil && { expires_at: approvalUntil.toISOString() }),
    };
  },
};

function nextStep({ status, approval, resultUntil, approvalUntil }: ExecutionResult): string {
  if (status === 'awaiting_approval')
    return approval?.status === 'approved'
      ? 'It was approved and is about to run: look again.'
      : `An admin has to approve it, until ${approvalUntil?.toISOString()}. Look again later; do not call the tool again.`;
  if (status === 'running') return 'It runs: look again.';
  if (status === 'outcome_unknown')
    return 'Whether it took effect is not known: look at the service before you try again.';
  if (status === 'failed')
    return approval?.status === 'refused' ? 'An admin refused it: do not try it again.' : 'It failed.';
  return resultUntil ? 'It is done.' : 'It is done. What came of it is not kept.';
}

/** None has two underscores in a row, as every tool of a connector does. */
export const hubTools: HubTool[] = [findTools, getExecution];

/** @throws AppError invalid_input with `arguments.…`, or what the tool throws */
export async function callHubTool(ctx: Ctx, tool: HubTool, values: Values): Promise<Values> {
  const errors = compileSchema(tool.input, { prefix: 'arguments' })(values);
  if (Object.keys(errors).length) throw invalid(errors);
  return tool.run(ctx, values);
}
