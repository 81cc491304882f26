import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CanaryHub } from './canary-hub.ts';

/** A way by which something secret comes into the hub: what is sent by it is looked for everywhere afterwards. */
export interface Way {
  name: string;
  go(at: CanaryHub, round: number): Promise<unknown>;
}

/** Something that is no secret, to be found where secrets are looked for. */
export const plain = `pl41n${randomUUID().replaceAll('-', '')}`;

const basic = (at: CanaryHub) => ({ method: 'basic', username: 'reader', password: at.book.text() });
const githubToken = (at: CanaryHub) => `ghp_${at.book.word().padEnd(36, '0')}`;
const hex = (at: CanaryHub) => at.book.word().padEnd(40, 'f');
const pem = (kind: string, body: string) => `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`;

/** An installed connector, which is switched on unless somebody has to authorise it first, and its connection. */
async function install(
  at: CanaryHub,
  catalog_key: string,
  auth: object,
  config: object = { base_url: at.service.url },
) {
  const body = { catalog_key, name: `${plain} ${randomUUID()}`, config, auth };
  const { id, tenant_id } = (await at.ask('POST', '/api/connectors', { body, wants: 201 })).json;
  await at.ask('PATCH', `/api/connectors/${id}/status`, { body: { status: 'active' } });
  const list = `/api/organizations/${tenant_id}/connections?connector_id=${id}`;
  const { data } = (await at.ask('GET', list, { wants: 200 })).json;
  return { id: id as string, connection: data[0]?.id as string, body };
}

/** What a connector keeps open for its next call goes when it is switched off. */
const switchOff = (at: CanaryHub, id: string) =>
  at.ask('PATCH', `/api/connectors/${id}/status`, { body: { status: 'inactive' }, wants: 200 });

/** While services refuse what they are sent, and say it back. */
async function refused<T>(at: CanaryHub, work: () => Promise<T>): Promise<T> {
  at.service.accepts = false;
  try {
    return await work();
  } finally {
    at.service.accepts = true;
  }
}

const keyIn = (at: CanaryHub, placement: string) => ({
  method: 'api_key',
  api_key: at.book.text(),
  placement,
  name: 'X-Key',
});
const call = (at: CanaryHub, id: string, more: object = {}, headers: Record<string, string> = {}) =>
  at.ask('POST', '/api/tools/http-api.request/execute', {
    ...{ body: { connector_id: id, arguments: { method: 'GET', path: '/x', ...more } }, headers },
  });

/** As the form of an HTTP API sends it. */
const httpForm = (at: CanaryHub, more: object = {}): Record<string, string> => ({
  ...{
    catalog_key: 'http-api',
    name: `${plain} ${randomUUID()}`,
    'config.base_url': at.service.url,
    'auth.method': 'basic',
  },
  ...{ 'auth.~2.username': 'reader', 'auth.~2.password': at.book.text(), ...more },
});

export const connectorWays: Way[] = [
  {
    name: 'installed, replaced, kept and cleared',
    go: async (at) => {
      const tls = () => ({ cert: pem('CERTIFICATE', 'MIIB'), key: pem('PRIVATE KEY', at.book.word()) });
      const config = { base_url: 'https://127.0.0.1:1' };
      const { id, body } = await install(at, 'http-api', basic(at), { ...config, tls: tls() });
      const put = async (more: object, wants = 200) => {
        const { json } = await at.ask('GET', `/api/connectors/${id}`);
        return at.ask('PUT', `/api/connectors/${id}`, {
          body: {
            name: body.name,
            tags: [],
            version: json.version,
            config,
            auth: { method: 'basic', username: 'reader' },
            ...more,
          },
          wants,
        });
      };
      await put({ auth: basic(at), config: { ...config, tls: tls() } });
      await put({ config: { ...config, tls: { cert: tls().cert } } });
      await put({ config: { ...config, tls: null } });
      await put({ config: { ...config, tls: { cert: null, key: null } } }, 422);
      await put({});
      await put({ auth: { ...basic(at), surplus: at.book.text() } }, 422);
      await put({ auth: { method: 'basic', username: 'reader', password: null } }, 422);
      await put({ version: 1, auth: basic(at) }, 409);
      await call(at, id);
    },
  },
  {
    name: 'refused when installed',
    go: async (at) => {
      const body = { catalog_key: 'http-api', name: 'Refused', config: { base_url: at.service.url } };
      const post = (wants: number, changed: unknown) => at.ask('POST', '/api/connectors', { body: changed, wants });
      await post(422, { ...body, auth: { ...basic(at), surplus: at.book.text() } });
      await post(422, { ...body, auth: [at.book.text()] });
      await post(422, { ...body, auth: { ...basic(at), method: at.book.text() } });
      await post(422, { ...body, surplus: at.book.text(), auth: basic(at) });
      await post(422, { ...body, config: { base_url: `https://reader:${at.book.word()}@127.0.0.1` }, auth: basic(at) });
      await post(422, { ...body, config: { ...body.config, tls: { key: at.book.text() } }, auth: basic(at) });
      await post(400, `{"catalog_key": "http-api", "auth": {"password": "${at.book.text()}"`);
      await post(422, {
        catalog_key: 'openai',
        name: 'Refused',
        config: {},
        auth: { method: 'api_key', api_key: at.book.word() },
      });
    },
  },
  {
    name: 'examined by validate-config',
    go: async (at) => {
      const body = { catalog_key: 'http-api', config: { base_url: at.service.url } };
      const post = (changed: object) =>
        at.ask('POST', '/api/validate-config', { body: { ...body, ...changed }, wants: 200 });
      await post({ auth: basic(at) });
      await post({ config: { base_url: 'ftp://x' }, auth: basic(at) });
      await post({
        config: { ...body.config, tls: { key: pem('PRIVATE KEY', at.book.word()) } },
        auth: { password: at.book.text() },
      });
    },
  },
  {
    name: 'tested before it is saved',
    go: async (at) => {
      const test = (auth: object, base_url = at.service.url) =>
        at.ask('POST', '/api/connectors/test', {
          body: { catalog_key: 'http-api', config: { base_url }, auth },
          wants: 200,
        });
      await test(basic(at));
      await test(keyIn(at, 'header'));
      await test(keyIn(at, 'query'), 'http://127.0.0.1:1');
      await refused(at, () => test(keyIn(at, 'query')));
      await refused(at, () => test(basic(at)));
    },
  },
  {
    name: 'used at a service that says it back',
    go: async (at) => {
      for (const auth of [basic(at), keyIn(at, 'header'), keyIn(at, 'query')]) {
        const { id, connection } = await install(at, 'http-api', auth);
        const all = async () => {
          await at.ask('POST', `/api/connectors/${id}/test`);
          await at.ask('GET', `/api/proxy/${connection}/x`);
          await call(at, id);
        };
        await all();
        await refused(at, all);
      }
    },
  },
  {
    name: 'OAuth client credentials and the token that they got',
    go: async (at) => {
      const auth = { method: 'client_credentials', token_url: `${at.service.url}/token`, client_id: 'hub' };
      at.service.tokens = [at.book.word(), at.book.word()];
      const { id } = await install(at, 'http-api', { ...auth, client_secret: at.book.text() });
      await at.ask('POST', `/api/connectors/${id}/oauth-token`, { wants: 200 });
      await call(at, id);
      await refused(at, () => call(at, id));
      at.service.tokens = [];
      const other = await install(at, 'http-api', { ...auth, client_secret: at.book.text() });
      await at.ask('POST', `/api/connectors/${other.id}/oauth-token`);
      const signed = {
        ...auth,
        ...{ client_authentication: 'private_key_jwt', private_key: pem('PRIVATE KEY', at.book.word()) },
      };
      const body = { catalog_key: 'http-api', config: { base_url: at.service.url }, auth: signed };
      await at.ask('POST', '/api/connectors/test', { body });
    },
  },
  {
    name: 'GitHub’s personal access token, also brought and rotated',
    go: async (at) => {
      const { id, connection } = await install(at, 'github', { method: 'token', access_token: githubToken(at) }, {});
      const get = () =>
        at.ask('POST', '/api/tools/github.get_user/execute', { body: { connector_id: id, arguments: {} } });
      await get();
      await refused(at, get);
      const rotate = (access_token: string, wants: number) =>
        at.ask('POST', `/api/connections/${connection}/rotate`, { body: { credential: { access_token } }, wants });
      await rotate(githubToken(at), 200);
      await refused(at, () => rotate(githubToken(at), 422));
      await rotate(at.book.text(), 422);
      await at.ask('POST', `/api/connections/${connection}/rollback`, { wants: 200 });
    },
  },
  {
    name: 'an OAuth application’s secret, and what people authorise with it',
    go: async (at) => {
      const auth = {
        method: 'oauth2',
        client_id: 'Ov23liAbCdEfGhIjKlMn',
        client_secret: hex(at),
        personal_accounts: true,
      };
      const { id } = await install(at, 'github', auth, {});
      const begin = async () => {
        const body = { connector_id: id, user_id: 'me' };
        const { redirect_url } = (await at.ask('POST', '/api/connections/oauth/initiate', { body, wants: 201 })).json;
        const sent = await at.ask('POST', redirect_url, { form: {}, wants: 303 });
        const bound = sent.headers.getSetCookie().map((each) => each.split(';')[0]);
        const to = new URL(sent.headers.get('location') ?? '').searchParams;
        const answer = new URLSearchParams({ state: to.get('state') ?? '', code: at.book.word() });
        return at.ask('GET', `/connections/oauth/callback?${answer}`, { as: [at.cookie, ...bound].join('; ') });
      };
      at.service.tokens = [`gho_${at.book.word().padEnd(36, '0')}`];
      await begin();
      await begin(); // and the service does not take the code
      const bring = (access_token: string) =>
        at.ask('POST', '/api/connections', { body: { connector_id: id, user_id: 'me', credential: { access_token } } });
      await bring(githubToken(at));
      await refused(at, () => bring(githubToken(at)));
      await at.ask('POST', '/api/connectors', {
        body: { catalog_key: 'github', name: 'Refused', config: {}, auth: { ...auth, client_secret: at.book.text() } },
        wants: 422,
      });
      const link = await at.ask('POST', '/api/connections/links', {
        body: { connector_id: id, label: 'Robin' },
        wants: 201,
      });
      const url = String(link.json.url);
      at.book.tell(url.split('/').at(-1), link.place);
    },
  },
  {
    name: 'a password rotated',
    go: async (at) => {
      const { connection } = await install(at, 'http-api', basic(at));
      await at.ask('POST', `/api/connections/${connection}/checks`, { form: {} });
      const rotate = (credential: object) =>
        at.ask('POST', `/api/connections/${connection}/rotate`, { body: { credential } });
      await rotate({ password: at.book.text() });
      await rotate({ password: at.book.text(), surplus: at.book.text() });
      await rotate({ surplus: at.book.text() });
      await refused(at, () => rotate({ password: at.book.text() }));
      const form = (fields: object) => at.ask('POST', `/connections/${connection}/rotation`, { form: { ...fields } });
      await form({ 'credential.password': at.book.text() });
      await form({ 'credential.password': at.book.text().repeat(200) });
      await refused(at, () => form({ 'credential.password': at.book.text() }));
    },
  },
  {
    name: 'a database’s password',
    go: async (at) => {
      const { id } = await install(at, 'postgresql', basic(at), {
        host: '127.0.0.1',
        port: 1,
        database: 'shop',
        sslmode: 'disable',
      });
      await at.ask('POST', `/api/connectors/${id}/test`);
      await at.ask('GET', `/connectors/${id}/tables`);
      await switchOff(at, id);
    },
  },
  {
    name: 'typed into the forms',
    go: async (at) => {
      const typed = httpForm(at);
      await at.ask('POST', '/connectors', { form: typed, wants: 303 });
      await at.ask('POST', '/connectors', { form: httpForm(at, { name: '' }), wants: 422 });
      await at.ask('POST', '/connectors', {
        form: httpForm(at, { 'config.base_url': 'ftp://x' }),
        wants: 422,
      });
      await at.ask('POST', '/connectors', { form: httpForm(at), as: null });
      await at.ask('POST', '/connectors', {
        form: httpForm(at),
        headers: { origin: 'https://elsewhere.example' },
        wants: 403,
      });
      await at.ask('POST', '/connectors', { form: httpForm(at), headers: { 'hx-request': 'true' } });
      await at.ask('POST', '/connectors/checks', { form: httpForm(at), wants: 200 });
      await refused(at, () => at.ask('POST', '/connectors/checks', { form: httpForm(at) }));
      await at.ask('POST', '/connectors/checks', { form: httpForm(at, { 'config.base_url': 'ftp://x' }) });
      const { data } = (await at.ask('GET', '/api/installed?limit=200')).json;
      const to = `/connectors/${data.find((each: { name: string }) => each.name === typed.name)?.id}`;
      const { json } = await at.ask('GET', `/api${to}`, { wants: 200 });
      const edit = (more: object) =>
        at.ask('POST', to, {
          form: httpForm(at, { _method: 'PUT', version: String(json.version), tags: '', ...more }),
        });
      await edit({ name: '' });
      await edit({});
      await edit({}); // somebody else was quicker
      await at.ask('POST', `${to}/checks`, { form: httpForm(at, { _method: 'PUT' }) });
    },
  },
];

export const callWays: Way[] = [
  {
    name: 'sent through the proxy',
    go: async (at) => {
      const { connection } = await install(at, 'http-api', { method: 'none' });
      const send = (to = `/api/proxy/${connection}/x`) =>
        at.ask('POST', `${to}?secret=${encodeURIComponent(at.book.text())}`, {
          body: { secret: at.book.text() },
          headers: { 'x-secret': at.book.word(), 'idempotency-key': randomUUID() },
        });
      await send();
      await refused(at, send);
      await send(`/api/proxy/${randomUUID()}/x`);
      await send(`/api/proxy/${connection}/../${connection}`);
    },
  },
  {
    name: 'arguments of a tool',
    go: async (at) => {
      const { id } = await install(at, 'http-api', { method: 'none' });
      const secrets = () => ({
        ...{ method: 'POST', query: { secret: at.book.text() }, headers: { 'x-secret': at.book.word() } },
        body: JSON.stringify({ secret: at.book.text() }),
      });
      await call(at, id, secrets());
      await refused(at, () => call(at, id, secrets()));
      await call(at, id, { ...secrets(), surplus: at.book.text() });
      const twice = { headers: { 'idempotency-key': randomUUID() }, body: secrets() };
      await call(at, id, twice.body, twice.headers);
      await call(at, id, twice.body, twice.headers);
      await call(at, id, secrets(), twice.headers);
      // It asks whether to go on, and has what was typed in the form again.
      const typed = at.book.text();
      const asks = await at.ask('POST', `/connectors/${id}/tools/request/executions`, {
        form: { 'arguments.method': 'POST', 'arguments.path': '/x', 'arguments.body': typed },
      });
      at.book.tell(typed, asks.place);
    },
  },
  {
    name: 'arguments that the workspace keeps, sealed',
    go: async (at) => {
      const { id } = await install(at, 'http-api', { method: 'none' });
      const keep = (value: string) =>
        at.ask('POST', '/settings/executions', { form: { _method: 'PUT', keep: value }, wants: 303 });
      await keep('true');
      await call(at, id, { method: 'POST', body: JSON.stringify({ secret: at.book.text() }) });
      await keep('false');
    },
  },
  {
    name: 'asked of a language model',
    go: async (at) => {
      const { id } = await install(
        at,
        'openai',
        { method: 'api_key', api_key: `sk-${at.book.word()}` },
        { base_url: `${at.service.url}/v1` },
      );
      const { handle } = (await at.ask('GET', `/api/connectors/${id}`)).json;
      const made = await keyOf(at, ['llm:use']);
      const prompt = (stream: boolean) => ({
        model: 'gpt-4o-mini',
        stream,
        messages: [{ role: 'user', content: at.book.text() }],
      });
      const ask = (stream: boolean, more: object = {}) =>
        at.ask('POST', '/v1/chat/completions', {
          ...{ as: made, headers: { 'x-patchbay-connector': handle }, body: { ...prompt(stream), ...more } },
        });
      await ask(false);
      await ask(true);
      await refused(at, () => ask(false));
      await ask(false, { messages: at.book.text() });
      const { stream: _, ...args } = prompt(false);
      await at.ask('POST', '/api/tools/openai.complete/execute', { body: { connector_id: id, arguments: args } });
      await switchOff(at, id);
    },
  },
  {
    name: 'called by an agent',
    go: async (at) => {
      await install(at, 'http-api', { method: 'none' });
      const made = await keyOf(at, ['tools:read', 'tools:execute']);
      const send = (method: string, params: object) =>
        at.ask('POST', '/mcp', {
          ...{ as: made, body: { jsonrpc: '2.0', id: 1, method, params } },
          headers: { accept: 'application/json, text/event-stream' },
        });
      const { json } = await send('tools/list', {});
      const name = json.result?.tools?.find((each: { name: string }) => each.name.includes('request'))?.name;
      if (!name) throw new Error(`no tool: ${JSON.stringify(json).slice(0, 1_000)}`);
      const args = () => ({
        method: 'POST',
        path: '/x',
        body: at.book.text(),
        headers: { 'x-secret': at.book.word() },
      });
      await send('tools/call', { name, arguments: args() });
      await refused(at, () => send('tools/call', { name, arguments: args() }));
      await send('tools/call', { name, arguments: { ...args(), method: at.book.word() } });
      await send('tools/call', { name: 'nothing', arguments: args() });
    },
  },
  {
    name: 'published with',
    go: async (at) => {
      const { id, connection } = await install(at, 'medium', { method: 'token', access_token: hex(at) }, {});
      const { json } = await at.ask('GET', '/api/publish-targets');
      const target = json.data?.find((each: object) => JSON.stringify(each).includes(id))?.id ?? connection;
      const body = { targets: [target], content: { text: 'Hello.', title: 'Hello' } };
      await at.ask('POST', '/api/publish', { body });
      await refused(at, () => at.ask('POST', '/api/publish', { body: { ...body, surplus: at.book.text() } }));
    },
  },
  {
    name: 'a file that is applied',
    go: async (at, round) => {
      const yaml = path.join(at.dir, 'work', 'patchbay.yaml');
      const connectors = {
        [`from-file-${round}`]: {
          ...{ entry: 'http-api', name: `${plain} from a file ${round}`, config: { base_url: at.service.url } },
          auth: { method: 'basic', username: 'reader', password: { env: 'SERVICE_PASSWORD' } },
        },
      };
      writeFileSync(yaml, JSON.stringify({ version: 1, tenant: 'northwind', connectors }));
      const run = (command: string, secret: string) =>
        at.command(command, ['--file', yaml], { SERVICE_PASSWORD: secret });
      await run('plan', at.book.text());
      const { out } = await run('apply', at.book.text());
      if (!out.includes('Done.')) throw new Error(out);
      await run('apply', at.book.text());
      await run('apply', at.book.text().repeat(200));
    },
  },
];

let keys = 0;
/** A key of the hub’s, which one answer tells. */
export async function keyOf(at: CanaryHub, scopes: string[], more: object = {}): Promise<string> {
  keys += 1;
  const body = { name: `Key ${keys}`, role: 'member', scopes, ...more };
  const made = await at.ask('POST', '/api/api-keys', { body, wants: 201 });
  at.book.tell(made.json.key, made.place);
  return made.json.key;
}
