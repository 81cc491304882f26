import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { ServiceError } from '../../src/drivers/driver.ts';
import { type DriverHarness, driverHarness } from '../support/driver.ts';

/** A provider that answers as a test wants it to, and keeps what it was asked. */
let server: Server;
let asked: { path: string; body: Values; headers: IncomingHttpHeaders; port: number | undefined }[] = [];
let reply: (response: ServerResponse) => void;
let at: DriverHarness;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    asked.push({ path: request.url ?? '', body, headers: request.headers, port: request.socket.remotePort });
    reply(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  at = await driverHarness('openai', { 'https://api.openai.com': url }, crypto.randomUUID());
});
afterAll(async () => {
  await at.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked = [];
});

const auth = { method: 'api_key', api_key: 'sk-not-a-key' };
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) => {
  reply = (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
};
const chat = (message: Values, more: Values = {}) =>
  json({ model: 'gpt-4o', choices: [{ message, finish_reason: 'stop' }], ...more });
const messages = [{ role: 'user', content: 'hello' }];

/** As the hub runs a tool that asks a model: its request, then what it gives. */
async function run(slug: string, input: Values, config: Values = {}) {
  const tool = at.driver.tools?.find((each) => each.slug === slug);
  const request = tool?.llm?.request(config, input) ?? input;
  return at.tool(auth, slug, request, { config, sideEffect: 'write' });
}
const refusal = (work: Promise<unknown>): Promise<ServiceError> =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );

describe('asking a model', () => {
  it('sends what the settings say where the call does not, and what the call says otherwise', async () => {
    chat({ content: 'Hello.' }, { usage: { prompt_tokens: 3, completion_tokens: 2 } });
    const given = await run('complete', { messages, model: 'gpt-4o' });
    expect(given).toEqual({
      ...{ text: 'Hello.', finish_reason: 'stop', tool_calls: [], model: 'gpt-4o' },
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
    await run('complete', { messages, model: 'gpt-4o' }, { temperature: 0.1, max_tokens: 5 });
    await run('complete', { messages, model: 'gpt-4o', temperature: 0, max_tokens: 7, stop: ['.'] });
    await run('complete', { messages: [{ content: 'hello' }], model: 'gpt-5-mini' });
    expect(asked.map(({ body }) => body)).toEqual([
      { messages, model: 'gpt-4o', temperature: 0.7, max_tokens: 2000 },
      { messages, model: 'gpt-4o', temperature: 0.1, max_tokens: 5 },
      { messages, model: 'gpt-4o', temperature: 0, max_tokens: 7, stop: ['.'] },
      { messages, model: 'gpt-5-mini', max_completion_tokens: 2000 },
    ]);
    expect(asked[0]?.headers.authorization).toBe('Bearer sk-not-a-key');
    expect(new Set(asked.map(({ port }) => port)).size).toBeLessThan(4);
  });

  it('reads what the model wants called, and keeps what it wrote when that is no JSON object', async () => {
    const call = (id: string, text: string) => ({ id, type: 'function', function: { name: 'add', arguments: text } });
    chat({ content: null, tool_calls: [call('a', '{"x":1}'), call('b', '{"x":'), call('c', '[1]'), call('d', '')] });
    const tools = [{ name: 'add', parameters: { type: 'object' } }];
    const given = await run('complete_with_tools', { messages, model: 'gpt-4o', tools, tool_choice: 'add' });
    expect(given.tool_calls).toEqual([
      { id: 'a', name: 'add', valid: true, arguments: { x: 1 } },
      { id: 'b', name: 'add', valid: false, arguments: null, raw_arguments: '{"x":' },
      { id: 'c', name: 'add', valid: false, arguments: null, raw_arguments: '[1]' },
      { id: 'd', name: 'add', valid: true, arguments: {} },
    ]);
    const [tool] = tools;
    expect(asked[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: tool }],
      tool_choice: { type: 'function', function: { name: 'add' } },
    });
  });

  it('gives vectors in the order of the texts', async () => {
    const data = [
      { index: 1, embedding: [2] },
      { index: 0, embedding: [1] },
    ];
    json({ model: 'text-embedding-3-small', data, usage: { prompt_tokens: 2 } });
    const given = await run('create_embedding', { input: ['a', 'b'], model: 'text-embedding-3-small' });
    expect(given).toMatchObject({ embeddings: [[1], [2]], usage: { prompt_tokens: 2 } });
  });
});

describe('what goes wrong', () => {
  it.each([
    ['a key that is refused', 401, {}, { fault: 'credential', status: 401 }],
    ['too many requests, with a time', 429, { 'retry-after': '7' }, { fault: 'rate_limited', retryAfterMs: 7000 }],
    ['too many requests, without one', 429, {}, { fault: 'rate_limited', retryAfterMs: undefined }],
    ['a failure of the provider', 500, {}, { fault: 'service', status: 500 }],
    ['a model that is not there', 404, {}, { fault: 'not_found' }],
  ])('%s', async (_what, status, headers, expected) => {
    json({ error: { message: 'No, not this time.', code: 'nope' } }, status, headers as Record<string, string>);
    const error = await refusal(run('complete', { messages, model: 'gpt-4o' }));
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ ...expected, serviceCode: 'nope' });
    expect(error.message).toContain('No, not this time.');
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['half an answer', '{"choices": [{"mess', 'application/json'],
    ['a page', '<html>', 'text/html'],
    ['nothing', '', 'application/json'],
    ['null', 'null', 'application/json'],
    ['another protocol', '{"choices": "many"}', 'application/json'],
  ])('an answer that is %s', async (_what, text, type) => {
    json(text, 200, { 'content-type': type });
    for (const slug of ['complete', 'create_embedding', 'list_models'])
      expect(await refusal(run(slug, { messages, input: ['a'], model: 'm' }))).toMatchObject({ fault: 'service' });
  });

  it('a connection that breaks, told as what it is', async () => {
    reply = (response) => response.destroy();
    expect(await refusal(run('complete', { messages, model: 'gpt-4o' }))).toMatchObject({
      name: 'OutboundError',
      mayHaveArrived: true,
    });
  });
});

it.each([
  [['gpt-4o-mini', 'gpt-4o'], { high: 'gpt-4o-2025-01-09' }, 'Use gpt-4o instead.'],
  [['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'], { high: 'gpt-4o-2025-01-09' }, 'Use gpt-4o-2024-11-20 instead.'],
  [['text-embedding-3-large'], { embeddings: 'text-embedding-3-small' }, 'Use text-embedding-3-large instead.'],
  [['gpt-4o-mini'], { high: 'gpt-9' }, 'Choose another one in the settings.'],
])('the check of %j knows what may stand for %j', async (listed, models, advice) => {
  json({ object: 'list', data: listed.map((id) => ({ id })) });
  const { warnings } = await at.tool(auth, 'check_connection', {}, { config: { models } });
  const [[tier, name] = []] = Object.entries(models);
  expect(warnings).toContain(`The model ${name} of the tier “${tier}” is not offered. ${advice}`);
});

it('the check names the base URL where no models are listed', async () => {
  json({ error: { message: 'Unknown request URL: GET /models.' } }, 404);
  const config = { base_url: 'https://api.openai.com' };
  const check = at.call(auth, async (context) => at.driver.checkHealth?.(context), { config });
  expect(await refusal(check)).toMatchObject({
    ...{ fault: 'not_found', field: 'config.base_url' },
    message: expect.stringContaining('Most of them end in /v1'),
  });
});
