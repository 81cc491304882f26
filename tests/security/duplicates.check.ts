import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';
import { figure, tries } from './measure.ts';

// The same form or request several times at once: double clicks, two tabs, programs that try again.

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const at = 10;
const counted = async (table: string, where: ReturnType<typeof sql>) =>
  Number(
    (
      await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
        tx.execute(sql`select count(*)::int as n from ${sql.identifier(table)} where ${where}`),
      )
    )[0]?.n,
  );
/** A database that is busy for too long says so, and has done nothing then. */
const many = (send: () => Promise<Answer>) => Promise.all(Array.from({ length: at }, send));
const bodyOf = (name: string) => ({
  catalog_key: 'http-api',
  name,
  config: { base_url: 'https://quiet.example' },
  auth: { method: 'none' },
});

/** One duplicate each: the answers, and how many rows there are of it. */
const ways: Record<string, (name: string) => Promise<{ answers: Answer[]; rows: number }>> = {
  async 'a form'(name) {
    const id = uuidv7();
    const fields = {
      id,
      catalog_key: 'http-api',
      name,
      'config.base_url': 'https://quiet.example',
      'auth.method': 'none',
    };
    const answers = await many(() => hub.post(hub.cast.ada, '/connectors', fields));
    return { answers, rows: await counted('connectors', sql`name = ${name}`) };
  },
  async 'a request under a key'(name) {
    const answers = await many(() =>
      hub.as(hub.cast.ada, 'POST', '/api/connectors', bodyOf(name), { 'idempotency-key': name.replaceAll(' ', '-') }),
    );
    return { answers, rows: await counted('connectors', sql`name = ${name}`) };
  },
  async 'a request of that name'(name) {
    const answers = await many(() => hub.as(hub.cast.ada, 'POST', '/api/connectors', bodyOf(name)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    return { answers, rows: await counted('connectors', sql`name = ${name}`) };
  },
  async 'a webhook'(name) {
    const url = `https://slack.com/${name.replaceAll(' ', '-')}`;
    const fields = { id: uuidv7(), url, events: 'connection.expired' };
    const answers = await many(() => hub.post(hub.cast.ada, '/settings/webhooks', fields));
    const rows = await counted('webhooks', sql`url = ${url}`);
    await hub.database.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(sql`delete from webhooks where url = ${url}`),
    );
    return { answers, rows };
  },
  async 'an API key'(name) {
    const route = hub.declared.pages.find(({ method, path }) => method === 'post' && path === '/settings/api-keys');
    const fields = { ...route?.example.form, id: uuidv7(), name };
    const answers = await many(() => hub.post(hub.cast.ada, '/settings/api-keys', fields));
    return { answers, rows: await counted('api_keys', sql`name = ${name}`) };
  },
};

it('is done once', async () => {
  const rounds = Math.max(1, Math.round(tries(250) / at / Object.keys(ways).length));
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round++)
    for (const [what, send] of Object.entries(ways)) {
      await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
      const { answers, rows } = await send(`Twice ${round} ${what}`);
      const failed = answers.filter(({ status }) => status >= 500 && status !== 503).length;
      if (rows !== 1 || failed)
        wrong.push(`${what}: ${rows} rows, ${failed} errors, ${answers.map(({ status }) => status)}`);
    }
  figure(`${wrong.length} of ${rounds * at * Object.keys(ways).length} duplicates done twice or answered by an error`);
  expect(wrong).toEqual([]);
});

it('of edits at once one wins, and the others are told', async () => {
  const { id } = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', bodyOf('Edited at once'))).json();
  const rounds = Math.max(1, Math.round(tries(250) / at / 5));
  let lost = 0;
  for (let round = 0; round < rounds; round++) {
    await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
    const before = await (await hub.as(hub.cast.ada, 'GET', `/api/connectors/${id}`)).json();
    let count = 0;
    const answers = await many(() => {
      count += 1;
      const { name, config, auth } = bodyOf('Edited at once');
      return hub.as(hub.cast.ada, 'PUT', `/api/connectors/${id}`, {
        name,
        config,
        auth,
        tags: [`edit ${count}`],
        version: before.version,
      });
    });
    const statuses = answers.map(({ status }) => status).toSorted();
    if (
      statuses.filter((status) => status === 200).length !== 1 ||
      statuses.some((status) => ![200, 409, 503].includes(status))
    )
      lost += 1;
    const after = await (await hub.as(hub.cast.ada, 'GET', `/api/connectors/${id}`)).json();
    expect(after.version).toBe(before.version + 1);
  }
  figure(`${lost} of ${rounds * at} edits at once were lost`);
  expect(lost).toBe(0);
});
