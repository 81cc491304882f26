import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { sql } from 'drizzle-orm';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startOpenai } from '../sandbox/openai.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

/** A provider that says what it was asked, and answers as a test wants it to. */
let echo: Server;
let asked: { body: string; headers: Json; closed: boolean }[] = [];
let reply: (response: import('node:http').ServerResponse) => void;

let provider: StandIn;
let at: TestApp;
let hub: Server;
let key: string;
beforeAll(async () => {
  echo = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const entry = { body: Buffer.concat(chunks).toString('utf8'), headers: incoming.headers, closed: false };
    response.once('close', () => {
      entry.closed = true;
    });
    asked.push(entry);
    reply(response);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const echoHost = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  provider = await startOpenai();
  const wired = wiring({ openai: provider.url });
  at = await testApp({
    BASE_URL: 'http://hub.localhost',
    ...wired,
    ALLOWED_PRIVATE_HOSTS: `${wired.ALLOWED_PRIVATE_HOSTS},${echoHost}`,
  });
  await install('Models', {});
  await install('Echo', { base_url: `http://${echoHost}/v1`, timeout_s: 1 });
  key = await keyOf(at.cast.ada);
  hub = serve({ fetch: at.app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await new Promise<void>((resolve) => (hub.listening ? resolve() : hub.once('listening', () => resolve())));
});
afterAll(async () => {
  hub.closeAllConnections();
  await new Promise((resolve) => hub.close(resolve));
  await at.close();
  await provider.close();
  echo.closeAllConnections();
  await new Promise((resolve) => echo.close(resolve));
});
beforeEach(async () => {
  asked = [];
  reply = (response) => response.end('{}');
  at.logged.length = 0;
  await provider.control.reset();
});

async function install(name: string, config: Json, person = at.cast.ada) {
  const auth = { method: 'api_key', api_key: demo.modelKey };
  const { id } = await installConnector(at.ctx(person), 'openai', { name, tags: [], config, auth });
  await setConnectorStatus(at.ctx(person), id, 'active');
}

let keys = 0;
async function keyOf(person: Person, scopes = ['llm:use']): Promise<string> {
  keys += 1;
  const body = { name: `Models ${keys}`, role: 'member', scopes };
  return (await (await at.as(person, 'POST', '/api/api-keys', body)).json()).key;
}

const urlOf = () => `http://127.0.0.1:${(hub.address() as AddressInfo).port}/v1`;
const client = (apiKey = key, handle: string | null = 'models') =>
  new OpenAI({
    ...{ apiKey, baseURL: urlOf(), maxRetries: 0, logLevel: 'off' },
    defaultHeaders: handle ? { 'X-Patchbay-Connector': handle } : {},
  });
const asking = (content: string, more: Json = {}) => ({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user' as const, content }],
  ...more,
});
/** A stream, as the client gives it. */
const streaming = (content: string, more: Json = {}, handle = 'models') =>
  client(key, handle).chat.completions.create(asking(content, { ...more, stream: true })) as unknown as Promise<
    AsyncIterable<Json>
  >;
const failure = (work: PromiseLike<unknown>): Promise<Json> =>
  Promise.resolve(work).then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );
const usage = async (person = at.cast.ada): Promise<Json[]> =>
  (await at.database.db.asTenant(person.tenantId, (tx) =>
    tx.execute(
      sql`select u.*, e.status, e.error_code, e.tool from llm_usage u left join executions e on e.id = u.id order by u.id`,
    ),
  )) as unknown as Json[];
const last = async () => (await usage()).at(-1);
const execution = async (id: string): Promise<Json> =>
  (
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx.execute(sql`select * from executions where id = ${id}`),
    )
  )[0];

describe('the official client', () => {
  it('talks to a model, and what it cost stands in the headers and the table', async () => {
    await provider.control.settings({ cached_tokens: 2 });
    const { data, response } = await client().chat.completions.create(asking('hello')).withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello from the sandbox.');
    const row = await last();
    expect(row).toMatchObject({ tool: 'llm.chat', status: 'succeeded', model: 'gpt-4o-mini', estimated: false });
    expect([row.tokens_in, row.tokens_cached, row.tokens_out]).toEqual([
      data.usage?.prompt_tokens,
      2,
      data.usage?.completion_tokens,
    ]);
    const nano = 150 * (row.tokens_in - 2) + 75 * 2 + 600 * row.tokens_out;
    expect(Math.round(Number(row.cost_usd) * 1e9)).toBe(nano);
    expect(response.headers.get('patchbay-cost')).toBe(row.cost_usd);
    expect(response.headers.get('patchbay-execution')).toBe(row.id);
    expect(Number(response.headers.get('patchbay-overhead-ms'))).toBeGreaterThanOrEqual(0);
  });

  it('streams; the usage is counted, and shown only to who asked for it', async () => {
    const read = async (more: Json) => {
      const stream = await streaming('hello', more);
      const chunks: Json[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return { text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), chunks };
    };
    const plain = await read({});
    expect(plain.text).toBe('Hello from the sandbox.');
    expect(plain.chunks.every(({ choices }) => choices.length === 1)).toBe(true);
    const row = await last();
    expect(row).toMatchObject({ estimated: false, status: 'succeeded' });
    expect([row.tokens_out > 0, row.first_token_ms <= row.total_ms]).toEqual([true, true]);
    const withUsage = await read({ stream_options: { include_usage: true } });
    expect(withUsage.chunks.at(-1)?.usage.completion_tokens).toBe(row.tokens_out);
  });

  it('calls tools, makes vectors and lists models', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object' } } }];
    const { choices } = await client().chat.completions.create(asking('weather in Paris?', { tools }));
    expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"city":"Paris"}' } }]);
    const broken = await client().chat.completions.create(asking('broken arguments', { tools }));
    expect(broken.choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"city": "Par' } }]);
    const vectors = await client().embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });
    expect(vectors.data).toHaveLength(2);
    expect(await last()).toMatchObject({
      operation: 'embeddings',
      tokens_in: vectors.usage.prompt_tokens,
      tokens_out: 0,
    });
    const models = (await client().models.list()).data.map(({ id }) => id);
    expect(models).toEqual(expect.arrayContaining(['tier:auto', 'gpt-4o-mini']));
  });

  it('hangs up: the provider is told, and what was used is estimated', async () => {
    const stream = await streaming('slowly');
    let pieces = 0;
    for await (const _ of stream) if (++pieces > 5) break;
    await expect.poll(async () => (await last()).error_code, { timeout: 20_000 }).toBe('network_cancelled');
    const row = await last();
    expect(row).toMatchObject({ estimated: true, status: 'failed' });
    expect(row.tokens_out).toBeGreaterThan(0);
    expect(row.tokens_out).toBeLessThan(300);
  });

  it('hands on no key that the provider says back, whole or in pieces, and everything else as it is', async () => {
    const said = `${demo.modelKey.slice(0, -1)}! is no key, ${demo.modelKey} is one`;
    const expected = `${demo.modelKey.slice(0, -1)}! is no key, [redacted] is one`;
    const answer = { id: '1', object: 'chat.completion', choices: [{ index: 0, message: { content: said } }] };
    reply = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    const whole = await client(key, 'echo').chat.completions.create(asking('hello'));
    expect(whole.choices[0]?.message.content).toBe(expected);
    const event = `data: ${JSON.stringify({ choices: [{ delta: { content: said } }] })}\n\ndata: [DONE]\n\n`;
    for (const size of [1, 7, 1_000]) {
      reply = async (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (let from = 0; from < event.length; from += size)
          await new Promise((resolve) => response.write(event.slice(from, from + size), resolve));
        response.end();
      };
      let told = '';
      for await (const part of await streaming('hello', {}, 'echo')) told += part.choices[0]?.delta.content ?? '';
      expect([size, told]).toEqual([size, expected]);
    }
  });

  it('hangs up, and the provider sees it while it still talks', async () => {
    let timer: NodeJS.Timeout | undefined;
    reply = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      timer = setInterval(() => response.write('data: {"choices":[{"delta":{"content":"more"}}]}\n\n'), 20);
      response.once('close', () => clearInterval(timer));
    };
    try {
      for await (const _ of await streaming('hello', {}, 'echo')) break;
      await expect.poll(() => asked.at(-1)?.closed, { timeout: 20_000 }).toBe(true);
    } finally {
      clearInterval(timer);
    }
  });

  it('understands every failure', async () => {
    await provider.control.revoke();
    const refused = await failure(client().chat.completions.create(asking('hello')));
    expect([refused.status, refused.code]).toEqual([401, 'invalid_api_key']);
    expect(JSON.stringify(refused) + refused.message).not.toContain(demo.modelKey);
    await provider.control.reset();
    await provider.control.fault('rate_limited', { retry_after: 60 });
    const limited = await failure(client().chat.completions.create(asking('hello')));
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
    await provider.control.clearFaults();
    await provider.control.fault('status', {
      status: 500,
      body: { error: { message: 'Broken', type: 'server_error' } },
      times: 1,
    });
    expect((await failure(client().chat.completions.create(asking('hello')))).status).toBe(500);
    await provider.control.fault('html', { times: 1 });
    const garbage = await failure(client().chat.completions.create(asking('hello')));
    expect([garbage.status, garbage.type]).toEqual([502, 'server_error']);
    const cut = await streaming('cut off');
    const read = async () => {
      for await (const _ of cut);
    };
    expect(await failure(read())).toBeInstanceOf(APIError);
    await expect.poll(async () => (await last()).error_code).toBe('network_broken_off');
    expect((await last()).estimated).toBe(true);
  });

  it('is told when the provider hangs, before and within an answer', async () => {
    reply = () => {};
    const silent = await failure(client(key, 'echo').chat.completions.create(asking('hello')));
    expect([silent.status, silent.code]).toEqual([502, 'network_timeout']);
    expect(asked).toHaveLength(1);
    reply = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"model":"m","choices":[{"delta":{"content":"Hel"}}]}\n\n');
    };
    const stream = await streaming('hello', {}, 'echo');
    const read = async () => {
      for await (const _ of stream);
    };
    expect(await failure(read())).toBeInstanceOf(APIError);
    await expect.poll(() => asked.at(-1)?.closed).toBe(true);
    expect(await last()).toMatchObject({
      error_code: 'network_timeout',
      estimated: true,
      model: 'm',
      cost_usd: expect.any(String),
    });
  });
});

describe('requests', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${urlOf()}/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'x-patchbay-connector': 'echo',
        ...headers,
      },
      body,
    });

  it('pass as they came: unknown fields, odd numbers, a megabyte of prompt', async () => {
    reply = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"id":1,"odd":1.0,"choices":[]}');
    };
    const prompt = 'x'.repeat(1_100_000);
    const body = `{"model":"m","new_field":{"a":[1.0,12345678901234567890]},"temperature":-99,"messages":"${prompt}"}`;
    const answer = await post(body);
    expect(await answer.text()).toBe('{"id":1,"odd":1.0,"choices":[]}');
    expect(asked[0]?.body).toBe(body);
    expect(answer.headers.get('patchbay-cost')).toBe('unknown');
    expect(await last()).toMatchObject({ estimated: true, cost_usd: null });
    await post('{"model":"m","stream":true,"seed":12345678901234567890,"top_p":1.0}');
    expect(asked[1]?.body).toBe(
      '{"model":"m","stream":true,"seed":12345678901234567890,"top_p":1.0,"stream_options":{"include_usage":true}}',
    );
    expect(asked[1]?.headers.authorization).toBe(`Bearer ${demo.modelKey}`);
  });

  it('may leave the model to a tier', async () => {
    const sent = async (body: Json) => {
      const { headers } = await post(JSON.stringify({ messages: [], ...body }));
      return [
        JSON.parse(asked.at(-1)?.body ?? '').model,
        headers.get('patchbay-tier'),
        headers.get('patchbay-tier-reason'),
      ];
    };
    const long = [{ role: 'user', content: 'x'.repeat(40_000) }];
    expect(await sent({ model: 'tier:high' })).toEqual(['gpt-4o-2025-01-09', 'high', 'asked']);
    expect(await sent({ model: 'tier:auto' })).toEqual(['gpt-4o-mini', 'low', 'short_prompt']);
    expect(await sent({ model: 'tier:auto', tools: [{}] })).toEqual(['gpt-4o-mini-2024-07-18', 'medium', 'tools']);
    expect(await sent({ model: 'tier:auto', messages: long })).toEqual(['gpt-4o-2025-01-09', 'high', 'long_prompt']);
    expect((await last()).tier).toBe('high');
  });

  it.each([
    ['no JSON', '{"model":', 400, 'malformed_request'],
    ['no object', '[]', 400, 'malformed_request'],
    ['no model', '{}', 400, 'model_not_found'],
    ['two models', '{"model":"gpt-4o-mini","messages":[],"\\u006dodel":"gpt-4o"}', 400, 'malformed_request'],
    ['two limits', '{"model":"gpt-4o-mini","stream_options":{"a":1,"a":2}}', 400, 'malformed_request'],
    ['other letters', '{"model":"gpt-4o-mini","messages":[],"Model":"gpt-4o"}', 400, 'malformed_request'],
    [
      'other letters within',
      '{"model":"gpt-4o-mini","messages":[],"stream":true,"stream_options":{"Include_Usage":false}}',
      400,
      'malformed_request',
    ],
    ['the Kelvin sign', '{"model":"gpt-4o-mini","messages":[],"max_toKens":9}', 400, 'malformed_request'],
    ['no such tier', '{"model":"tier:best"}', 400, 'model_not_found'],
    ['too much', `"${'x'.repeat(11 * 1024 * 1024)}"`, 413, 'too_large'],
  ])('are refused in the shape of OpenAI: %s', async (_name, body, status, code) => {
    const answer = await post(body);
    const { error } = (await answer.json()) as Json;
    expect([answer.status, error.code, Object.keys(error)]).toEqual([
      status,
      code,
      ['message', 'type', 'code', 'param'],
    ]);
    expect(asked).toEqual([]);
  });

  it('need a key with the scope, and a connector of the own workspace', async () => {
    const models = (apiKey: string, handle: string | null = 'models') => failure(client(apiKey, handle).models.list());
    expect(await models('pbk_nonsense')).toMatchObject({ status: 401, type: 'authentication_error' });
    expect(await models(await keyOf(at.cast.ada, ['tools:read']))).toMatchObject({
      status: 403,
      type: 'permission_error',
    });
    const session = await fetch(`${urlOf()}/models`, { headers: { cookie: at.cast.ada.cookie } });
    expect(session.status).toBe(401);
    const ambiguous = await models(key, null);
    expect([ambiguous.status, ambiguous.code]).toEqual([400, 'connector_required']);
    expect(ambiguous.message).toMatch(/echo, models|models, echo/);
    const foreign = await models(await keyOf(at.cast.cleo));
    expect([foreign.status, foreign.message]).toEqual([400, expect.stringContaining('No connector')]);
    await install('Tailspin', {}, at.cast.cleo);
    const before = (await usage()).length;
    await client(await keyOf(at.cast.cleo), null).chat.completions.create(asking('hello'));
    expect([(await usage(at.cast.cleo)).length, (await usage()).length]).toEqual([1, before]);
    expect((await failure(client().get('/nowhere'))).status).toBe(404);
  });

  it('leave numbers in the log and the metrics, but no word of the conversation and no key', async () => {
    const told = 'canary of the conversation';
    const { data, response } = await client()
      .chat.completions.create(asking(`${told} hello`))
      .withResponse();
    const logged = at.logged.join('');
    const line = at.logged.map((each) => JSON.parse(each)).find(({ msg }) => msg === 'llm_call');
    expect(line).toMatchObject({ operation: 'chat', model: 'gpt-4o-mini', tokens_in: data.usage?.prompt_tokens });
    for (const secret of [told, 'Hello from the sandbox', demo.modelKey, key]) expect(logged).not.toContain(secret);
    expect(JSON.stringify([...response.headers])).not.toContain(demo.modelKey);
    const { body } = await at.deps.metrics.metricsText();
    expect(body).toMatch(/patchbay_llm_calls_total\{operation="chat",estimated="false"\} \d+/);
    const row = await execution(response.headers.get('patchbay-execution') ?? '');
    expect([row.input, row.output, row.actor_type]).toEqual([null, null, 'api_key']);
  });
});

describe('GET /api/usage', () => {
  const sums = async (query: string, person = at.cast.ada): Promise<Json> =>
    (await at.as(person, 'GET', `/api/usage?${query}`)).json();

  it('adds up exactly what is in the table, and counts unknown costs instead of adding them', async () => {
    reply = (response) => response.end('{"model":"northwind-7b","choices":[],"usage":{"prompt_tokens":5}}');
    await client(key, 'echo').chat.completions.create(asking('hello', { model: 'northwind-7b' }));
    await client().chat.completions.create(asking('hello'));
    const rows = await usage();
    const of = (model: string) => rows.filter((row) => row.model === model);
    const { data } = await sums('by=model');
    const byModel = (model: string) => data.find(({ group }: Json) => group === model);
    const nano = of('gpt-4o-mini').reduce((sum, row) => sum + Math.round(Number(row.cost_usd) * 1e9), 0);
    expect(Math.round(Number(byModel('gpt-4o-mini').cost_usd) * 1e9)).toBe(nano);
    expect(byModel('northwind-7b')).toMatchObject({ calls: 1, tokens_in: 5, cost_usd: null, unknown_cost_calls: 1 });
    for (const by of ['day', 'tier', 'key', 'connector']) {
      const { data: groups } = await sums(`by=${by}`);
      expect([by, groups.reduce((sum: number, group: Json) => sum + group.calls, 0)]).toEqual([by, rows.length]);
    }
    expect((await sums('until=2020-01-01T00:00:00Z')).data).toEqual([]);
    const foreign = await sums('by=model', at.cast.cleo);
    expect(foreign.data.map(({ group }: Json) => group)).not.toContain('northwind-7b');
    expect((await at.as(at.cast.ada, 'GET', '/api/usage?by=colour')).status).toBe(422);
  });
});
