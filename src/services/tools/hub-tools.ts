import type { Ctx } from '../../context.ts';
import type { Values } from '../../drivers/driver.ts';
import { invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
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

/** None has two underscores in a row, as every tool of a connector does. */
export const hubTools: HubTool[] = [findTools];

/** @throws AppError invalid_input with `arguments.…`, or what the tool throws */
export async function callHubTool(ctx: Ctx, tool: HubTool, values: Values): Promise<Values> {
  const errors = compileSchema(tool.input, { prefix: 'arguments' })(values);
  if (Object.keys(errors).length) throw invalid(errors);
  return tool.run(ctx, values);
}
