import type { JsonSchema } from '../../../lib/schema/json-schema.ts';
import { object } from '../../driver.ts';

const text = (title: string, more: JsonSchema = {}): JsonSchema => ({ type: 'string', title, ...more });

/** Whatever the provider takes there. */
export const open = (title: string, description?: string): JsonSchema => ({
  type: 'object',
  title,
  ...(description ? { description } : {}),
  additionalProperties: { title: 'Part' },
});

/** Of a name of a model or a tier. */
export const model = (fallback: string, description: string): JsonSchema =>
  text('Model', {
    description,
    default: fallback,
    maxLength: 128,
    pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]*$',
    'x-pattern-hint': 'be a model’s name without spaces, or a tier such as tier:low',
  });

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages */
const messages: JsonSchema = {
  type: 'array',
  title: 'Messages',
  description: 'The conversation so far, the oldest first.',
  minItems: 1,
  maxItems: 2_000,
  items: object(
    {
      role: text('Role', {
        description: 'user when left out.',
        enum: ['user', 'system', 'developer', 'assistant', 'tool'],
        default: 'user',
      }),
      content: text('Text', { maxLength: 5_000_000, 'x-multiline': true }),
      name: text('Name', { description: 'Tells people of the same role apart.', maxLength: 64 }),
      tool_call_id: text('Call', { description: 'With the role tool: which call this answers.', maxLength: 200 }),
      tool_calls: {
        type: 'array',
        title: 'Calls',
        description: 'With the role assistant: the calls that the model asked for, as it sent them.',
        maxItems: 200,
        items: open('Call'),
      },
    },
    [],
    { title: 'Message' },
  ),
};

/** What every question to a model takes. */
export const asking = {
  messages,
  model: model('tier:auto', 'A name, or a tier: tier:low, tier:medium, tier:high, or tier:auto to let the hub choose.'),
  temperature: {
    type: 'number',
    title: 'Temperature',
    description: 'From 0 (steady) to 2 (inventive); the connector’s setting when left out.',
    minimum: 0,
    maximum: 2,
  },
  max_tokens: {
    type: 'integer',
    title: 'Longest answer',
    description: 'In tokens; the connector’s setting when left out.',
    minimum: 1,
    maximum: 1_000_000,
  },
  top_p: { type: 'number', title: 'Top p', minimum: 0, maximum: 1 },
  stop: {
    type: 'array',
    title: 'Stop at',
    description: 'Texts at which the answer ends.',
    maxItems: 4,
    items: text('Text', { minLength: 1, maxLength: 500 }),
  },
  seed: { type: 'integer', title: 'Seed', description: 'The same one tends to the same answer.' },
} satisfies Record<string, JsonSchema>;

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-response_format */
export const responseFormat = open('Form of the answer', 'Such as {"type": "json_object"}, or a JSON Schema.');

const usage: JsonSchema = { type: 'object', description: 'Tokens, as the provider counts them.' };

export const answered: JsonSchema = {
  type: 'object',
  properties: {
    text: { type: ['string', 'null'] },
    refusal: { type: ['string', 'null'], description: 'Why the model does not answer.' },
    finish_reason: { type: ['string', 'null'], description: 'length: the answer was cut at its longest.' },
    tool_calls: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          name: { type: 'string' },
          valid: { type: 'boolean', description: 'False: the model wrote arguments that are no JSON object.' },
          arguments: { type: ['object', 'null'], description: 'Null unless valid.' },
          raw_arguments: { type: 'string', description: 'What the model wrote, unless it is valid.' },
        },
      },
    },
    model: { type: 'string' },
    usage,
  },
};

export const vectors: JsonSchema = {
  type: 'object',
  properties: {
    embeddings: {
      type: 'array',
      description: 'One for each text, in the same order.',
      items: { type: 'array', items: { type: 'number' } },
    },
    model: { type: 'string' },
    usage,
  },
};
