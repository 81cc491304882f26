import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { call, hex, install, keyOf, plain, refused, switchOff, type Way } from './canary-ways.ts';

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
