import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Pool } from 'undici';
import { v7 as uuidv7 } from 'uuid';
import { connect } from '../../src/db/connection.ts';

// What a gateway costs that keeps a durable record and does nothing else: the request goes on as it came, the answer as it came, and
// between them one row is written and committed. No key, limits, prices, budgets, validation or log.

const { DATABASE_URL = '', PORT = '', MODELS_URL = '' } = process.env;
const sql = connect(DATABASE_URL, { max: 10 });
const models = new Pool(MODELS_URL, { connections: 64 });
const app = new Hono();

app.post('/v1/chat/completions', async (c) => {
  const headers = { authorization: c.req.header('authorization') ?? '', 'content-type': 'application/json' };
  const body = await c.req.text();
  const answer = await models.request({ method: 'POST', path: c.req.path, headers, body });
  const text = await answer.body.text();
  const { model, usage } = JSON.parse(text);
  await sql`insert into bench_calls values (${uuidv7()}, ${model}, ${usage.prompt_tokens}, ${usage.completion_tokens})`;
  return c.body(text, 200, { 'content-type': 'application/json' });
});

await sql`create table if not exists bench_calls (id uuid primary key, model text, tokens_in int, tokens_out int)`;
serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, () => console.log('"ready"'));
process.on('SIGTERM', () => process.exit(0));
