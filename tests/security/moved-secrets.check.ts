import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type Answer, type TestApp, testApp } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';
import { figure, randomness, shuffled, tries } from './measure.ts';

// A secret that was entered for one place, and edits that would send it to another one.

const secret = 'canary-moved-5f1c2b9a7e';
/** Where it was entered for, and where somebody would like it to go. */
let own: Server;
let theirs: Server;
let hub: TestApp;
const seen = { own: 0, theirs: 0 };
beforeAll(async () => {
  const listen = async (who: 'own' | 'theirs') => {
    const server = createServer(async (request, response) => {
      let text = request.url + JSON.stringify(request.headers);
      for await (const chunk of request) text += chunk;
      const disguises = [
        secret,
        Buffer.from(secret).toString('hex'),
        ...[`u:${secret}`, `:${secret}`].map((each) => Buffer.from(each).toString('base64').slice(4, -4)),
      ];
      if (disguises.some((each) => text.includes(each))) seen[who] += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: 'granted-0123456789', token_type: 'Bearer', expires_in: 60 }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  [own, theirs] = [await listen('own'), await listen('theirs')];
  hub = await testApp({
    BASE_URL: 'http://hub.localhost',
    ALLOWED_PRIVATE_HOSTS: `127.0.0.0/8,localhost,${['own', 'theirs'].map((who) => `${who}.localhost`)}`,
  });
});
afterAll(async () => {
  await hub.close();
  for (const server of [own, theirs]) server.close();
});
const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** Addresses that lead to the other place, or that something might take for the one that was entered. */
function addresses(): string[] {
  const [a, b] = [portOf(own), portOf(theirs)];
  const hosts = [
    '127.0.0.1',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f000001',
    '127.0.0.2',
    'LOCALHOST',
    '[::ffff:127.0.0.1]',
  ];
  const paths = ['', '/', '/v1', `/?x=127.0.0.1:${a}`, `/#127.0.0.1:${a}`, '//', '/../'];
  return [
    ...hosts.flatMap((host) => paths.map((path) => `http://${host}:${b}${path}`)),
    ...hosts.slice(1).map((host) => `http://${host}:${a}`),
    ...[
      `http://127.0.0.1:${a}@127.0.0.1:${b}/`,
      `http://127.0.0.1:${a}%40127.0.0.1:${b}/`,
      `http://127.0.0.1:${a}\\@127.0.0.1:${b}/`,
    ],
    ...[
      `http://127.0.0.1:${b}\\.127.0.0.1:${a}/`,
      `https://127.0.0.1:${a}`,
      `https://127.0.0.1:${b}`,
      `http://127.0.0.1:${b}%23.127.0.0.1:${a}/`,
    ],
    ...[
      `http://127.0.0.1:${a}${b}`.slice(0, 22),
      `//127.0.0.1:${b}`,
      `http:127.0.0.1:${b}`,
      `http:/127.0.0.1:${b}`,
      ` http://127.0.0.1:${b}`,
    ],
    ...[
      `HTTP://127.0.0.1:${b}`,
      `http://127.0.0.1:0${b}`,
      `http://127。0。0。1:${b}`,
      `http://１27.0.0.1:${b}`,
      `ws://127.0.0.1:${b}`,
    ],
  ];
}

const auths = [
  { method: 'api_key', api_key: secret, placement: 'header', name: 'X-Key' },
  { method: 'basic', username: 'u', password: secret },
  { method: 'client_credentials', client_id: 'u', client_secret: secret, token_url: '' },
];
const kept = ({ api_key: _key, password: _password, client_secret: _secret, ...rest }: Record<string, unknown>) => rest;

it('no edit sends a kept secret elsewhere, by any way out', async () => {
  const { ada } = hub.cast;
  const base = `http://127.0.0.1:${portOf(own)}`;
  const random = randomness();
  const count = tries(300);
  const edits = auths.flatMap((auth) =>
    addresses().flatMap((to) => [
      { auth, config: { base_url: to }, token_url: `${base}/token` },
      ...(auth.method === 'client_credentials' ? [{ auth, config: { base_url: base }, token_url: to }] : []),
    ]),
  );
  const wrong: string[] = [];
  let accepted = 0;
  for (const [at, { auth, config, token_url }] of shuffled(edits, random).slice(0, count).entries()) {
    const full = auth.method === 'client_credentials' ? { ...auth, token_url: `${base}/token` } : auth;
    const moved = auth.method === 'client_credentials' ? { ...kept(full), token_url } : kept(full);
    await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
    const made = { catalog_key: 'http-api', name: `Own ${at}`, config: { base_url: base }, auth: full };
    const { id, version } = await (await hub.as(ada, 'POST', '/api/connectors', made)).json();
    await hub.as(ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    const ways: (() => Promise<Answer>)[] = [
      () =>
        hub.as(ada, 'POST', '/api/connectors/test', { catalog_key: 'http-api', connector_id: id, config, auth: moved }),
      () => hub.as(ada, 'POST', '/api/validate-config', { catalog_key: 'http-api', config, auth: moved }),
      () =>
        hub.as(ada, 'PUT', `/api/connectors/${id}`, {
          name: made.name,
          tags: [],
          version: version + 1,
          config,
          auth: moved,
        }),
      () => hub.as(ada, 'PUT', `/api/connectors/${id}`, { name: made.name, tags: [], version, config, auth: moved }),
    ];
    for (const way of ways) if ((await way()).status === 200) accepted += 1;
    const connection = await connectionUnder(hub, id);
    await hub.as(ada, 'POST', `/api/connectors/${id}/test`);
    await hub.as(ada, 'GET', `/api/proxy/${connection}/x`);
    await hub.as(ada, 'POST', '/api/tools/http-api.request/execute', {
      connection_id: connection,
      arguments: { method: 'GET', path: '/x' },
    });
    if (seen.theirs) wrong.push(`${auth.method} ${JSON.stringify(config)} ${token_url}`);
    seen.theirs = 0;
    await hub.as(ada, 'DELETE', `/api/connectors/${id}`);
  }
  figure(
    `${wrong.length} of ${Math.min(count, edits.length)} edits sent the secret elsewhere (${accepted} answers were of edits that keep the place)`,
  );
  expect(wrong).toEqual([]);
  // Where it was entered for it does go: whoever sends nothing at all keeps every secret.
  expect(seen.own).toBeGreaterThan(10);
});

it('an address that is changed in the row itself gets no secret', async () => {
  const { ada } = hub.cast;
  const base = `http://127.0.0.1:${portOf(own)}`;
  const made = { catalog_key: 'http-api', name: 'Changed below', config: { base_url: base }, auth: auths[1] };
  const { id } = await (await hub.as(ada, 'POST', '/api/connectors', made)).json();
  await hub.as(ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  await hub.database.db.asTenant(ada.tenantId, (tx) =>
    tx.execute(
      sql`update connectors set config = jsonb_set(config, '{base_url}', to_jsonb(${`http://127.0.0.1:${portOf(theirs)}`}::text)) where id = ${id}`,
    ),
  );
  const connection = await connectionUnder(hub, id);
  await hub.as(ada, 'GET', `/api/proxy/${connection}/x`);
  await hub.as(ada, 'POST', `/api/connectors/${id}/test`);
  expect(seen.theirs).toBe(0);
});
