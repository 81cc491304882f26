import OpenAI, { type APIError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { StandIn } from './front.ts';
import { startOpenai } from './openai.ts';

let server: StandIn;
beforeAll(async () => {
  server = await startOpenai();
});
afterAll(() => server.close());
beforeEach(() => server.control.reset());

const client = (apiKey: string = demo.modelKey) =>
  new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0, logLevel: 'off' });

const asking = (content: string) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content }] });

describe('the model server', () => {
  it('talks, also in a stream that ends with what it used', async () => {
    await server.control.settings({ cached_tokens: 7 });
    const answer = await client().chat.completions.create(asking('hello'));
    expect(answer.choices[0]?.message.content).toBe('Hello from the sandbox.');
    expect(answer.usage?.prompt_tokens_details?.cached_tokens).toBe(7);
    const stream = await client().chat.completions.create({
      ...asking('hello'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let cached: number | undefined;
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? '';
      cached = usage?.prompt_tokens_details?.cached_tokens ?? cached;
    }
    expect([text, cached]).toEqual(['Hello from the sandbox.', 7]);
  });

  it('asks for tools, makes vectors and lists models', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object' } } }];
    const { choices } = await client().chat.completions.create({ ...asking('weather in Paris?'), tools });
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
    const vectors = await client().embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });
    expect([vectors.data.length, vectors.usage.prompt_tokens > 0]).toEqual([2, true]);
    expect((await client().models.list()).data.map(({ id }) => id)).toContain('gpt-4o-mini');
  });

  it('refuses unknown keys, cuts streams, and fails on demand', async () => {
    const failure = (work: Promise<unknown>) => work.catch((error: APIError) => error);
    expect(await failure(client('sk-unknown').models.list())).toMatchObject({ status: 401, code: 'invalid_api_key' });
    const cut = client().chat.completions.create({ ...asking('cut off'), stream: true });
    const read = async () => {
      for await (const _ of await cut);
    };
    expect(await failure(read())).toBeInstanceOf(Error);
    await server.control.fault('rate_limited', { times: 1, retry_after: 3 });
    expect(await failure(client().models.list())).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  });
});
