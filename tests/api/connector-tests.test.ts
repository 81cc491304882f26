import { createServer, type Server } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

const [octocat = '', hubot = ''] = Object.keys(demo.tokens.github);

let github: StandIn;
let at: TestApp;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
});
afterAll(async () => {
  await at.close();
  await github.close();
});
beforeEach(async () => {
  await github.control.reset();
  await at.database.db.system.execute(sql`delete from rate_limits`);
});

const ask = async (person: Person | null, path: string, body?: Json) => {
  const answer = await at.as(person, 'POST', path, body);
  return { status: answer.status, body: await answer.json() };
};
const test = (values: Json, person: Person | null = at.cast.ada) =>
  ask(person, '/api/connectors/test', { catalog_key: 'github', config: {}, ...values });
const token = (access_token?: string) => ({ auth: { method: 'token', ...(access_token && { access_token }) } });

describe('POST /api/connectors/test', () => {
  it('goes through the steps with values that nobody saved', async () => {
    const { status, body } = await test(token(octocat));
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'healthy', account: { label: 'octocat' } });
    expect(body.steps.map(({ name, status }: Json) => `${name} ${status}`)).toEqual([
      ...['address passed', 'connection passed', 'tls skipped', 'reply passed'],
      ...['authentication passed', 'permission passed'],
    ]);
    const [row] = await at.database.db.system.execute(sql`select count(*)::int as n from connectors`);
    expect(row).toEqual({ n: 0 });
  });

  it('names the step and the field of what is wrong, and never the secret', async () => {
    const secret = 'ghp_nobodysTokenAtAll00000000000000000000';
    const { body } = await test(token(secret));
    const failed = body.steps.find((step: Json) => step.status === 'failed');
    expect([body.status, failed.name, failed.field]).toEqual(['unhealthy', 'authentication', 'auth.access_token']);
    await github.control.fault('html');
    const page = await test(token(octocat));
    expect(page.body.steps[3]).toMatchObject({ name: 'reply', status: 'failed', field: 'config.api_url' });
    expect(JSON.stringify([body, at.logged])).not.toContain(secret);
    const invalid = await test({ auth: { method: 'token' }, config: { api_url: 'nonsense' } });
    expect([invalid.status, Object.keys(invalid.body.errors).sort()]).toEqual([
      422,
      ['auth.access_token', 'config.api_url'],
    ]);
  });

  it('takes saved secrets of the connector, for the address that they were entered for and no other', async () => {
    const made = await ask(at.cast.ada, '/api/connectors', {
      ...{ catalog_key: 'github', name: 'Kept', config: {} },
      ...token(octocat),
    });
    const connector_id = made.body.id;
    expect((await test({ ...token(), connector_id })).body).toMatchObject({ account: { label: 'octocat' } });
    expect((await test({ ...token(hubot), connector_id })).body).toMatchObject({ account: { label: 'hubot' } });
    const moved = await test({ ...token(), connector_id, config: { api_url: 'https://elsewhere.example' } });
    expect([moved.status, moved.body.code]).toEqual([422, 'secret_required']);
    const other = await test({ ...token(), connector_id, catalog_key: 'slack' });
    expect([other.status, Object.keys(other.body.errors)]).toEqual([422, ['catalog_key']]);
    expect((await test({ ...token(), connector_id }, at.cast.cleo)).status).toBe(404);
  });

  it('says that a saved secret does not open any more, and works once it is entered again', async () => {
    const install = (name: string) =>
      ask(at.cast.ada, '/api/connectors', { catalog_key: 'github', name, config: {}, ...token(octocat) });
    const [{ body: mine }, { body: other }] = [await install('Damaged'), await install('Whole')];
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx.execute(
        sql`update connectors set auth = (select auth from connectors where id = ${other.id}) where id = ${mine.id}`,
      ),
    );
    const { status, body } = await test({ ...token(), connector_id: mine.id });
    expect([status, body.status]).toEqual([200, 'unhealthy']);
    expect(body.message).toContain('Damaged');
    expect((await test({ ...token(octocat), connector_id: mine.id })).body.status).toBe('healthy');
  });

  it('is for admins, and not for as often as they like', async () => {
    expect((await test(token(octocat), at.cast.ben)).status).toBe(403);
    expect((await test(token(octocat), null)).status).toBe(401);
    const answers = [];
    for (let i = 0; i < 21; i++) answers.push((await test({ catalog_key: 'nothing' })).status);
    expect(answers.slice(0, 20)).toEqual(Array(20).fill(422));
    expect(answers[20]).toBe(429);
    expect((await test(token(octocat), at.cast.dan)).status).toBe(200);
  });
});

describe('POST /api/connectors/{id}/test', () => {
  it('checks what is saved and remembers it', async () => {
    const made = await ask(at.cast.ada, '/api/connectors', {
      ...{ catalog_key: 'github', name: 'Saved', config: {} },
      ...token(octocat),
    });
    const path = `/api/connectors/${made.body.id}/test`;
    expect((await ask(at.cast.ada, path)).body).toMatchObject({ status: 'healthy', account: { label: 'octocat' } });
    const of = `/api/organizations/${at.cast.ada.tenantId}/connections?connector_id=${made.body.id}`;
    const { data } = await (await at.as(at.cast.ada, 'GET', of)).json();
    expect(data).toMatchObject([{ health: 'healthy', account_label: 'octocat' }]);
    expect([(await ask(at.cast.ben, path)).status, (await ask(at.cast.cleo, path)).status]).toEqual([403, 404]);
  });

  it('asks nobody before an account is connected, as in the form', async () => {
    const { client_id, client_secret } = demo.applications.github;
    const values = { config: {}, auth: { method: 'oauth2', client_id, client_secret } };
    const made = await ask(at.cast.ada, '/api/connectors', { catalog_key: 'github', name: 'Unconnected', ...values });
    const saved = (await ask(at.cast.ada, `/api/connectors/${made.body.id}/test`)).body;
    const unsaved = (await test(values)).body;
    for (const { status, steps } of [saved, unsaved])
      expect([status, steps[4]]).toEqual([
        'healthy',
        {
          ...{ name: 'authentication', status: 'skipped', duration_ms: null },
          message: 'GitHub can be asked more once an account is connected.',
        },
      ]);
  });
});

describe('an address that is not public', () => {
  let inside: Server;
  let port: number;
  let reached = 0;
  beforeAll(async () => {
    inside = createServer((socket) => {
      reached += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => inside.listen(0, '0.0.0.0', resolve));
    port = (inside.address() as { port: number }).port;
  });
  afterAll(() => new Promise((resolve) => inside.close(resolve)));

  const hosts = [
    '127.0.0.1 127.1 127.0.1 0x7f000001 0x7f.1 2130706433 0177.0.0.1 0177.1 017700000001 127.0.0.1. 0.0.0.0 0 localhost localhost. LOCALHOST',
    'a.localhost [::1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:1] [64:ff9b::7f00:1] [64:ff9b:1::1]',
    '[2002:7f00:1::] [2001:0:1::1] [2001:db8::1] [fe80::1] [fc00::1] [fd00:ec2::254] [ff02::1] [::ffff:169.254.169.254] [3fff::1] [5f00::1]',
    '10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.170.2 100.64.0.1 100.100.100.200 192.0.0.192',
    '192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 0xa9fea9fe 2852039166 0251.0376.0251.0376',
    '１２７.０.０.１ ⑫7.0.0.1 127。0。0。1',
  ].flatMap((line) => line.split(' '));

  it('is never reached in any spelling, and every answer says the same', async () => {
    const messages = new Set<string>();
    const spellings = hosts.flatMap((host) => [`http://${host}:${port}`, `https://${host}:${port}/path`]);
    for (const base_url of spellings) {
      await at.database.db.system.execute(sql`delete from rate_limits`);
      const { status, body } = await test({ catalog_key: 'http-api', config: { base_url }, auth: { method: 'none' } });
      if (status === 422) continue; // not even an address
      const [first, ...others] = body.steps;
      expect([base_url, first.name, first.status]).toEqual([base_url, 'address', 'failed']);
      expect(others.every((step: Json) => step.status === 'skipped')).toBe(true);
      // Whether a name beside `localhost` has an address is the resolver’s business.
      if (!/localhost[.]|[.]localhost/.test(base_url)) messages.add(first.message);
    }
    expect(reached).toBe(0);
    expect([...messages]).toEqual([expect.stringMatching(/may not connect to this address: it is not a public one/)]);
  });

  it('is not reached through a saved connector either', async () => {
    const made = await ask(at.cast.ada, '/api/connectors', {
      ...{ catalog_key: 'http-api', name: 'Inside', config: { base_url: `http://127.0.0.1:${port}` } },
      auth: { method: 'none' },
    });
    const { body } = await ask(at.cast.ada, `/api/connectors/${made.body.id}/test`);
    expect(body.steps[0]).toMatchObject({ status: 'failed', field: 'config.base_url' });
    expect(reached).toBe(0);
  });
});
