import { LLMock } from '@copilotkit/aimock';
import type { Context } from 'hono';
import { demo } from '../../seeds/demo.ts';
import type { FaultEffects } from './faults.ts';
import { type FrontEnv, forward, openFront, type StandIn } from './front.ts';
import { bearerToken } from './journal.ts';
import { TokenBook } from './token-book.ts';

export interface OpenaiOptions {
  port?: number;
  /** Keys that are accepted. */
  keys?: readonly string[];
}

type C = Context<FrontEnv>;

/** Also those without a public price, and one that the high tier asks for only by its older name. */
const offered = ['gpt-4o-mini', 'gpt-4o-mini-2024-07-18', 'gpt-4o', 'northwind-7b', 'text-embedding-3-small'];

/** A model server by aimock behind the common front, with what aimock lacks: keys, cached tokens and the usage of embeddings. */
export async function startOpenai({ port, keys = [demo.modelKey] }: OpenaiOptions = {}): Promise<StandIn> {
  const book = new TokenBook();
  const learnSeeds = () => {
    for (const key of keys) book.learn(key, { kind: 'api_key', account: 'northwind', clientId: null, scopes: [] });
  };
  learnSeeds();
  const initial = { cached_tokens: 0 };
  const settings = { ...initial };
  const mock = new LLMock({ port: 0, host: '127.0.0.1' });
  teach(mock);
  await mock.start();
  const front = await openFront({
    port,
    faults,
    tokens: book,
    settings,
    tokenPath: '/never',
    reset: () => {
      book.clear();
      learnSeeds();
      Object.assign(settings, initial);
    },
  });
  front.app.use(async (c, next) => {
    const state = book.find(bearerToken(c.req.header('authorization')) ?? '')?.state;
    return state === 'active' ? next() : incorrectKey(c);
  });
  front.app
    .get('/v1/models', (c) =>
      c.json({ object: 'list', data: offered.map((id) => ({ id, object: 'model', created: 0, owned_by: 'openai' })) }),
    )
    .post('/v1/embeddings', async (c) => withEmbeddingUsage(c, await forward(c, mock.url)))
    .post('/v1/chat/completions', async (c) => withDetails(await forward(c, mock.url), settings.cached_tokens))
    .all('*', (c) =>
      c.json({ error: refusal(`Unknown request URL: ${c.req.method} ${c.req.path}.`, 'unknown_url') }, 404),
    );
  return {
    url: front.url,
    control: front.control,
    close: async () => {
      await front.close();
      await mock.stop();
    },
  };
}

/** What is answered to what; the first that matches. */
function teach(mock: LLMock) {
  const weather = (args: string) => ({ toolCalls: [{ id: 'call_weather', name: 'get_weather', arguments: args }] });
  const long = Array.from({ length: 400 }, (_, index) => `word${index}`).join(' ');
  mock.onToolResult('call_weather', { content: 'It is 18 °C in Paris.' });
  mock.onMessage(/broken arguments/, weather('{"city": "Par'));
  mock.onMessage(/weather/, weather('{"city":"Paris"}'));
  mock.onMessage(/slowly/, { content: long }, { chunkSize: 10, latency: 50 });
  mock.onMessage(/cut off/, { content: long }, { chunkSize: 10, latency: 50, disconnectAfterMs: 400 });
  mock.onMessage(/hello/i, { content: 'Hello from the sandbox.' }, { chunkSize: 6 });
  mock.onMessage(/[\s\S]*/, { content: 'The sandbox has no better answer.' });
}

/** OpenAI's own message quotes a part of the key; this one quotes all of it, as careless gateways do. */
const incorrectKey = (c: C) =>
  c.json(
    { error: refusal(`Incorrect API key provided: ${bearerToken(c.req.header('authorization'))}.`, 'invalid_api_key') },
    401,
  );

const refusal = (message: string, code: string | null) => ({
  message,
  type: 'invalid_request_error',
  param: null,
  code,
});

async function withEmbeddingUsage(c: C, answer: Response): Promise<Response> {
  const { input } = (await c.req.json()) as { input: unknown };
  const tokens = Math.ceil(JSON.stringify(input).length / 4);
  const body = (await answer.json()) as Record<string, unknown>;
  return Response.json({ ...body, usage: { prompt_tokens: tokens, total_tokens: tokens } }, { status: answer.status });
}

/** Tells how many of the tokens came from the cache, also in the last event of a stream. */
function withDetails(answer: Response, cached: number): Response {
  if (!cached || !answer.body) return answer;
  const details = `,"prompt_tokens_details":{"cached_tokens":${cached}}}`;
  const texts = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, string>({
      transform: (text, controller) =>
        controller.enqueue(text.replace(/("usage":\{"prompt_tokens":[^{}]*)\}/, `$1${details}`)),
    }),
  );
  const headers = new Headers(answer.headers);
  headers.delete('content-length');
  return new Response(texts.pipeThrough(new TextEncoderStream()), { status: answer.status, headers });
}

const faults: FaultEffects = {
  rate_limited: async (_c, { retry_after }) =>
    Response.json(
      { error: { ...refusal('Rate limit reached for requests.', 'rate_limit_exceeded'), type: 'requests' } },
      { status: 429, headers: retry_after === undefined ? {} : { 'retry-after': String(retry_after) } },
    ),
};
