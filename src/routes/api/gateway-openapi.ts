type Json = Record<string, unknown>;

const openai = 'https://platform.openai.com/docs/api-reference';

const error = {
  description: 'In the shape of OpenAI, whoever failed: the hub, or the provider in its own words.',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['message', 'type', 'code', 'param'],
            properties: {
              message: { type: 'string' },
              type: { type: 'string', examples: ['invalid_request_error', 'rate_limit_error', 'server_error'] },
              code: { type: ['string', 'null'] },
              param: { type: ['string', 'null'] },
            },
          },
        },
      },
    },
  },
};

const header = (description: string, type = 'string') => ({ description, schema: { type } });

const headers = {
  'patchbay-execution': header('Find it again at /api/executions/{id}.'),
  'patchbay-connector': header('The handle of the connector that it went through.'),
  'patchbay-model': header('The model that was asked.'),
  'patchbay-tier': header('The tier, where the request named one.'),
  'patchbay-tier-reason': header('Why tier:auto chose it.'),
  'patchbay-cost': header('US dollars, or “unknown”. Not in streams: they are counted at their end.'),
  'patchbay-overhead-ms': header('What the hub itself took until the answer began.', 'number'),
};

const connector = {
  name: 'X-Patchbay-Connector',
  in: 'header',
  required: false,
  schema: { type: 'string' },
  description: 'The handle of the connector to go through; needed when several to language models are active.',
};

const describe = (id: string, summary: string, page: string, more: Json = {}) => ({
  operationId: id,
  summary,
  externalDocs: { url: `${openai}/${page}` },
  tags: ['Language models'],
  'x-role': 'member',
  'x-scope': 'llm:use',
  'x-audit': null,
  security: [{ api_key: [] }],
  parameters: [connector],
  ...more,
  responses: {
    200: {
      description: 'What the provider answered.',
      headers,
      content: { 'application/json': {}, 'text/event-stream': {} },
    },
    default: error,
  },
});

const body = (example: Json) => ({
  requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' }, example } } },
});

/** The part of the document about `/v1`, which has the protocol and the errors of OpenAI. */
export const gatewayPaths: Record<string, Json> = {
  '/v1/chat/completions': {
    post: describe(
      'createChatCompletion',
      'Ask a language model, streamed or not',
      'chat/create',
      body({ model: 'tier:auto', messages: [{ role: 'user', content: 'Hello' }] }),
    ),
  },
  '/v1/embeddings': {
    post: describe(
      'createEmbedding',
      'Turn texts into vectors',
      'embeddings/create',
      body({ model: 'tier:embeddings', input: 'Hello' }),
    ),
  },
  '/v1/models': { get: describe('listModels', 'List the models and tiers', 'models/list') },
};
