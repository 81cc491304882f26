import type OpenAI from 'openai';
import type { JsonSchema } from '../../../lib/schema/json-schema.ts';
import { type ExecutionContext, object, type Tool, type Values } from '../../driver.ts';
import { unreadable, withOpenai } from '../client.ts';
import { answered, asking, open, responseFormat } from './shapes.ts';

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

/** https://platform.openai.com/docs/api-reference/chat/create */
export const complete: Tool = {
  slug: 'complete',
  title: 'Ask a model',
  description: 'Sends a conversation to a language model and gives its answer.',
  input: object({ ...asking, response_format: responseFormat }, ['messages']),
  output: answered,
  sideEffect: 'none',
  run: ask,
  llm: { operation: 'chat', request, stream },
};

const tools: JsonSchema = {
  type: 'array',
  title: 'Tools',
  description: 'What the model may ask to be called.',
  minItems: 1,
  maxItems: 128,
  items: object(
    {
      name: {
        type: 'string',
        title: 'Name',
        maxLength: 64,
        pattern: '^[A-Za-z0-9_-]+$',
        'x-pattern-hint': 'have letters, digits, _ and - only',
      },
      description: { type: 'string', title: 'Description', maxLength: 4_000, 'x-multiline': true },
      parameters: open('Parameters', 'JSON Schema of the arguments.'),
      strict: { type: 'boolean', title: 'Keep to the schema exactly' },
    },
    ['name'],
    { title: 'Tool' },
  ),
};

/** https://platform.openai.com/docs/guides/function-calling */
export const completeWithTools: Tool = {
  ...complete,
  slug: 'complete_with_tools',
  title: 'Ask a model that may call tools',
  description:
    'Sends a conversation with a list of tools. The model answers, or says which tools it wants called with what; calling them is up to you.',
  input: object(
    {
      ...asking,
      tools,
      tool_choice: {
        type: 'string',
        title: 'Calls',
        description: 'auto, none, required, or the name of one of the tools.',
        maxLength: 64,
        default: 'auto',
      },
      response_format: responseFormat,
    },
    ['messages', 'tools'],
  ),
};

/** These think before they answer: they take neither the older name of the limit nor any temperature but their own. */
const thinks = (model: unknown) => /^(o\d|gpt-([5-9]|\d\d))/.test(String(model).split('/').at(-1) ?? '');

/** What the settings say where the call does not. */
function request({ temperature = 0.7, max_tokens = 2000 }: Values, input: Values): Values {
  const { max_tokens: limit = max_tokens, messages, tools, tool_choice, ...rest } = input;
  const own = thinks(input.model);
  return {
    ...(own ? {} : { temperature }),
    ...rest,
    messages: (messages as Values[]).map((message) => ({ role: 'user', ...message })),
    [own ? 'max_completion_tokens' : 'max_tokens']: limit,
    ...(Array.isArray(tools) && { tools: tools.map((each) => ({ type: 'function', function: each })) }),
    ...(tools && tool_choice ? { tool_choice: chosen(String(tool_choice)) } : {}),
  };
}

const chosen = (choice: string) =>
  ['auto', 'none', 'required'].includes(choice) ? choice : { type: 'function', function: { name: choice } };

async function ask(context: ExecutionContext, body: Values): Promise<Values> {
  const answer = await withOpenai(context, (client) =>
    client.chat.completions.create(body as unknown as Params, { signal: context.signal }),
  );
  const [choice] = Array.isArray(answer?.choices) ? answer.choices : [];
  if (!choice?.message) throw unreadable();
  const { content, refusal, tool_calls: calls } = choice.message;
  return {
    text: content ?? null,
    ...(refusal ? { refusal } : {}),
    finish_reason: choice.finish_reason ?? null,
    tool_calls: Array.isArray(calls) ? calls.map(readCall) : [],
    model: answer.model ?? body.model,
    ...(answer.usage ? { usage: answer.usage } : {}),
  };
}

/** Models do write arguments that are no JSON: that is told, with what they wrote. */
function readCall(call: OpenAI.ChatCompletionMessageToolCall): Values {
  const { name = '', arguments: raw = '' } = call.type === 'function' ? (call.function ?? {}) : {};
  const about = { id: call.id, name };
  try {
    const value: unknown = JSON.parse(raw || '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { ...about, valid: true, arguments: value };
  } catch {
    // told below
  }
  return { ...about, valid: false, arguments: null, raw_arguments: raw };
}

function stream(context: ExecutionContext, body: Values): Promise<Response> {
  const params = { ...body, stream: true as const, stream_options: { include_usage: true } };
  return withOpenai(context, (client) =>
    client.chat.completions.create(params as never, { signal: context.signal }).asResponse(),
  );
}
