import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { chooseMethod, connectorNamed, dialog, field, messageAt, openAdd, openEdit, submit } from './steps.ts';
import { useStage } from './support.ts';

const hub = useStage();
const word = `canary-${randomBytes(12).toString('hex')}`;
const secret = 'auth.~2.password';

/** The canary as it is, and as it would look in bytes or in base64 at any offset. */
const disguises = [
  word,
  Buffer.from(word).toString('hex'),
  ...[0, 1, 2].map((offset) =>
    Buffer.from('.'.repeat(offset) + word)
      .toString('base64url')
      .slice(4, -4),
  ),
];
const tells = (text: string) => {
  const plain = decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return disguises.some((disguise) => plain.includes(disguise) || text.includes(disguise));
};

/** Where something was seen, and what. */
const seen = new Map<string, string>();
const leaks = (kind: string) =>
  [...seen].filter(([where, text]) => where.startsWith(kind) && tells(text)).map(([where]) => where);
const count = (kind: string) => [...seen.keys()].filter((where) => where.startsWith(kind)).length;

beforeAll(async () => {
  const page = await hub.open(hub.cast.ada, '/catalog');
  listen(page);
  await type(page);
  const { id } = await connectorNamed(hub, hub.cast.ada, 'With canary');
  await look(page, id);
  await send(id);
  await remember(page);
});

function listen(page: Page) {
  page.on('request', (request) => seen.set(`address ${seen.size}`, request.url()));
  page.on('framenavigated', (frame) => seen.set(`address ${seen.size}`, frame.url()));
  page.on('response', async (response) => {
    const body = await response.text().catch(() => ''); // redirects have none
    seen.set(`answer ${seen.size} ${response.status()} ${response.url()}`, body + JSON.stringify(response.headers()));
  });
}

/** Types the secret: into a form that is refused, one that installs, edits that are refused and saved, and another service's form. */
async function type(page: Page) {
  await openAdd(page, 'HTTP API');
  await chooseMethod(page, 'User and password');
  await field(page, 'name').fill('With canary');
  await field(page, 'auth.~2.username').fill('patchbay');
  await field(page, secret).fill(word);
  await field(page, 'config.base_url').fill('ftp://wrong.example.com');
  await submit(page);
  await messageAt(page, 'config.base_url').waitFor();
  seen.set('page refused', await page.content());
  await field(page, 'config.base_url').fill('https://api.example.com');
  await submit(page);
  await dialog(page).waitFor({ state: 'detached' });

  await hub.visit(page, '/installed');
  await openEdit(page, 'With canary');
  await field(page, 'config.base_url').fill('https://elsewhere.example.com');
  await submit(page);
  await messageAt(page, secret).waitFor();
  await field(page, secret).fill(`${word}-2`);
  seen.set('page moved', await page.content());
  await submit(page);
  await dialog(page).waitFor({ state: 'detached' });

  await hub.visit(page, '/connectors/new?catalog_key=slack');
  await chooseMethod(page, 'Bot or user token');
  await field(page, 'auth.~1.access_token').fill(word);
  await submit(page);
  await messageAt(page, 'auth.~1.access_token').waitFor();
  seen.set('page pattern', await page.content());
}

/** Every page, every fragment and every answer that could tell it. */
async function look(page: Page, id: string) {
  const pages = ['/catalog', '/installed', `/connectors/${id}`, `/connectors/${id}/edit`, `/connectors/${id}/deletion`];
  const answers = ['installed', 'catalog', 'catalog/http-api', 'audit', 'publish-targets', `connectors/${id}`];
  const others = ['/activity', '/docs', '/openapi.json', '/metrics', '/readyz', '/healthz', '/connectors/nothing'];
  for (const path of [...pages, ...answers.map((name) => `/api/${name}`), ...others]) {
    for (const fragment of ['false', 'true']) {
      const answer = await page.request.get(hub.url + path, { headers: { 'hx-request': fragment } });
      if (path !== '/connectors/nothing') expect(`${path} ${answer.status()}`).toBe(`${path} 200`);
      seen.set(`answer ${seen.size} GET ${path}`, (await answer.text()) + JSON.stringify(answer.headers()));
    }
  }
}

/** Requests that carry the secret and are refused, each in its own way. */
async function send(id: string) {
  const { ada, ben, cleo } = hub.cast;
  const config = { base_url: 'https://api.example.com' };
  const auth = { method: 'basic', username: 'patchbay', password: word };
  const body = { catalog_key: 'http-api', name: 'Refused', config, auth };
  const form = { 'auth.method': 'basic', [secret]: word, name: 'Refused', catalog_key: 'http-api' };
  const refused = [
    await hub.as(ada, 'POST', '/api/connectors', { ...body, name: '' }),
    await hub.as(ada, 'POST', '/api/connectors', { ...body, auth: { ...auth, method: 'token' } }),
    await hub.as(ada, 'POST', '/api/connectors', { ...body, auth: { ...auth, username: 'pa:tch' } }),
    await hub.as(ada, 'POST', '/api/connectors', { ...body, auth: [word] }),
    await hub.as(ada, 'POST', '/api/connectors', `{"auth": {"password": "${word}" oh`),
    await hub.as(ada, 'POST', '/api/connectors', body, { 'content-type': 'text/plain' }),
    await hub.as(ada, 'POST', '/api/connectors', { ...body, name: word.repeat(40_000) }),
    await hub.as(ada, 'POST', '/api/validate-config', { ...body, name: undefined, config: {} }),
    await hub.as(ada, 'PUT', `/api/connectors/${id}`, { version: 1, auth }),
    await hub.as(ben, 'POST', '/api/connectors', body),
    await hub.as(cleo, 'PUT', `/api/connectors/${id}`, { version: 1, auth }),
    await hub.as(null, 'POST', '/api/connectors', body),
    await hub.post(ada, '/connectors', form),
    await hub.post(ada, `/connectors/${id}`, { ...form, _method: 'PUT', version: '1' }),
    await hub.post(ben, '/connectors', form),
    await hub.post(ada, '/connectors', { ...form, catalog_key: 'nothing' }),
    await hub.post(null, '/signin', { email: ada.email, password: word }),
  ];
  for (const [index, answer] of refused.entries())
    seen.set(`refusal ${index} ${answer.status}`, (await answer.text()) + JSON.stringify([...answer.headers]));
  const statuses = refused.map(({ status }) => status);
  expect(statuses).toEqual([422, 422, 422, 422, 400, 415, 413, 200, 409, 403, 404, 401, 422, 409, 403, 422, 401]);
}

async function remember(page: Page) {
  await hub.visit(page, '/installed');
  const stored = () => JSON.stringify({ ...localStorage, ...sessionStorage, state: history.state });
  seen.set('browser storage', await page.evaluate(stored));
  seen.set('browser cookies', JSON.stringify(await page.context().cookies()));
}

describe('a secret that was typed', () => {
  it('is told by the test’s own measure', () => {
    expect(tells(`password=${word}`)).toBe(true);
    expect(tells(`x${Buffer.from(`{"password":"${word}"}`).toString('base64')}`)).toBe(true);
    expect(tells(encodeURIComponent(`"${word}"`))).toBe(true);
    expect(tells('canary-')).toBe(false);
  });

  it('is in no page, fragment or answer', () => {
    expect(count('page')).toBe(3);
    expect(count('answer')).toBeGreaterThan(40);
    expect([...leaks('page'), ...leaks('answer')]).toEqual([]);
  });

  it('is in no refusal of a request that carried it', () => {
    expect(count('refusal')).toBe(17);
    expect(leaks('refusal')).toEqual([]);
  });

  it('is in no address', () => {
    expect(count('address')).toBeGreaterThan(10);
    expect(leaks('address')).toEqual([]);
  });

  it('is not kept by the browser', () => {
    expect(leaks('browser')).toEqual([]);
  });

  it('is in no line of the log', () => {
    expect(hub.logged.length).toBeGreaterThan(40);
    expect(hub.logged.some((line) => line.includes('/api/validate-config'))).toBe(true);
    expect(hub.logged.filter(tells)).toEqual([]);
  });

  it('is in no row of any table', async () => {
    const rows = await withConnection(hub.database.admin, async (sql) => {
      const tables = await sql`
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`;
      const all = tables.map(({ name }) => sql.unsafe(`select '${name}' as name, t::text as row from ${name} t`));
      return (await Promise.all(all)).flat();
    });
    expect(rows.filter(({ row }) => row.includes('With canary') && row.includes('$sealed'))).toHaveLength(1);
    expect(new Set(rows.map(({ name }) => name)).size).toBeGreaterThan(8);
    expect(rows.filter(({ row }) => tells(row)).map(({ name }) => name)).toEqual([]);
  });
});
