import { object, type Tool, type Values } from '../../driver.ts';
import { unreadable, withOpenai } from '../client.ts';
import { checkHealth } from '../health.ts';
import { llm } from '../llm.ts';

/** https://platform.openai.com/docs/api-reference/models/list */
export const listModels: Tool = {
  slug: 'list_models',
  title: 'List models',
  description: 'Lists the models that the key may use, and which of them stands behind each tier.',
  input: object({}),
  output: {
    type: 'object',
    properties: {
      models: { type: 'array', items: { type: 'object' } },
      tiers: { type: 'object', description: 'Names of models by tier.' },
    },
  },
  sideEffect: 'none',
  run: async (context) => {
    // Not by the client's own list: that takes an answer without one for an empty one.
    const options = { signal: context.signal };
    const answer = await withOpenai(context, (client) => client.get<{ data?: Values[] } | null>('/models', options));
    if (!Array.isArray(answer?.data)) throw unreadable();
    const models = answer.data.map((each) => ({ id: each?.id, owned_by: each?.owned_by, created: each?.created }));
    return { models, tiers: llm.models(context.config) };
  },
};

export const checkConnection: Tool = {
  slug: 'check_connection',
  title: 'Check the connection',
  description: 'Tells whether the key works, and which models of the tiers are not offered. It costs nothing.',
  input: object({}),
  output: {
    type: 'object',
    properties: { message: { type: 'string' }, warnings: { type: 'array', items: { type: 'string' } } },
  },
  sideEffect: 'none',
  run: async (context) => {
    const { message, warnings = [] } = await checkHealth(context);
    return { message, warnings };
  },
};
