import type OpenAI from 'openai';
import { object, type Tool, type Values } from '../../driver.ts';
import { unreadable, withOpenai } from '../client.ts';
import { model, vectors } from './shapes.ts';

/** https://platform.openai.com/docs/api-reference/embeddings/create */
export const createEmbedding: Tool = {
  slug: 'create_embedding',
  title: 'Turn text into vectors',
  description: 'Gives the vector of each text, to find texts that mean something similar.',
  input: object(
    {
      input: {
        type: 'array',
        title: 'Texts',
        minItems: 1,
        maxItems: 2_048,
        items: { type: 'string', title: 'Text', minLength: 1, maxLength: 1_000_000, 'x-multiline': true },
      },
      model: model('tier:embeddings', 'A name; the connector’s setting when left out.'),
      dimensions: {
        type: 'integer',
        title: 'Dimensions',
        description: 'Of each vector, for models that can shorten them.',
        minimum: 1,
        maximum: 10_000,
      },
    },
    ['input'],
  ),
  output: vectors,
  sideEffect: 'none',
  llm: { operation: 'embeddings', request: (_config, input) => ({ ...input, encoding_format: 'float' }) },
  run: async (context, body) => {
    const answer = await withOpenai(context, (client) =>
      client.embeddings.create(body as unknown as OpenAI.EmbeddingCreateParams, { signal: context.signal }),
    );
    if (!Array.isArray(answer?.data)) throw unreadable();
    const embeddings = answer.data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
    const found: Values = { embeddings, model: answer.model ?? body.model };
    return answer.usage ? { ...found, usage: answer.usage } : found;
  },
};
