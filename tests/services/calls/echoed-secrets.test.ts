import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx } from '../../../src/context.ts';
import { listAudit } from '../../../src/services/audit.ts';
import { setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { testValues } from '../../../src/services/connectors/connector-test.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { checkConnection, getHealth } from '../../../src/services/health/health.ts';
import { executeTool } from '../../../src/services/tools/tools.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { connectionUnder } from '../../support/rows.ts';

/** A service that says back what it was sent, as some do to be helpful. */
let echo: Server;
let answer: (response: ServerResponse, headers: IncomingHttpHeaders, body: string) => void;
let url: string;
let at: TestApp;
let ada: Ctx;
beforeAll(async () => {
  echo = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    answer(response, request.headers, Buffer.concat(chunks).toString('utf8'));
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
  at = await testApp({ BASE_URL: 'http://hub.localhost', ALLOWED_PRIVATE_HOSTS: new URL(url).host });
  ada = at.ctx(at.cast.ada);
});
afterAll(async () => {
  await at.close();
  await new Promise((resolve) => echo.close(resolve));
});

const canary = 'canary "quoted" & plus+';
const spellings = (secret: string) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  new URLSearchParams({ x: secret }).toString().slice(2),
  Buffer.from(`ada:${secret}`).toString('base64'),
];
const expectNoneOf = (secret: string, told: unknown) => {
  const text = JSON.stringify(told);
  for (const each of spellings(secret)) {
    expect(text).not.toContain(each);
    expect(text).not.toContain(JSON.stringify(each).slice(1, -1));
  }
  expect(text).toContain('[redacted]');
};

let count = 0;
async function installed(key: string, name: string, config: Json, auth: Json) {
  count += 1;
  const { id } = await installConnector(ada, key, { name: `${name} ${count}`, tags: [], config, auth });
  await setConnectorStatus(ada, id, 'active');
  return { id, connectionId: await connectionUnder(at, id) };
}

describe('a service that says back what it was sent', () => {
  it('has no secret told by a check, the state of its connection or the history', async () => {
    answer = (response, { authorization = '' }) => {
      const password = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString('utf8').replace('ada:', '');
      const message = `No such pair: ${authorization} = ${password}, ${encodeURIComponent(password)}`;
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    };
    const password = 'wxyz WXYZ 1234 wxyz WXYZ 1234';
    const auth = { method: 'basic', username: 'ada', password };
    const expectNone = (told: unknown) => expectNoneOf(password, told);
    expectNone(await testValues(ada, { catalogKey: 'wordpress', config: { site_url: url }, auth }));
    const { connectionId } = await installed('wordpress', 'Blog', { site_url: url }, auth);
    expectNone(await checkConnection(ada, connectionId, 'person'));
    expectNone(await getHealth(ada, connectionId));
    expectNone(await listAudit(ada, { subjectId: connectionId }));
  });

  it('turns no text around it, and ends no line, with what it says', async () => {
    const name = 'Ada\u202egpj.exe\u0000\nInjected: yes\u2028';
    const reply = (status: number, body: Json) => {
      answer = (response) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const auth = { method: 'basic', username: 'ada', password: 'wxyz WXYZ 1234 wxyz WXYZ 1234' };
    const test = () => testValues(ada, { catalogKey: 'wordpress', config: { site_url: url }, auth });
    const hidden = /[\p{Cc}\u2028\u202e]/u;
    reply(200, { id: 1, name, capabilities: {} });
    const warned = await test();
    reply(200, { id: 1, name, capabilities: { edit_posts: true } });
    const signedIn = await test();
    reply(403, { message: name });
    const refused = await test();
    for (const { message, steps } of [warned, signedIn, refused]) {
      expect(message).toContain('Injected: yes');
      for (const text of [message, ...steps.map((step) => step.message)]) expect(text).not.toMatch(hidden);
    }
  });

  it('has no secret told as the name of an account, and none that was cut in two', async () => {
    const password = 'wxyz WXYZ 1234 wxyz WXYZ 1234';
    const auth = { method: 'basic', username: 'ada', password };
    const reply = (status: number, body: Json) => {
      answer = (response) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    reply(200, { id: `7\u0000${'x'.repeat(400)}`, name: `${password}\u0000`, capabilities: { edit_posts: true } });
    const { connectionId } = await installed('wordpress', 'Blog', { site_url: url }, auth);
    const checked = await checkConnection(ada, connectionId, 'person');
    expectNoneOf(password, checked);
    const { connection } = await getHealth(ada, connectionId);
    expectNoneOf(password, [connection, await listAudit(ada, { subjectId: connectionId })]);
    expect(connection.externalAccountId).toMatch(/:7 x+/);
    expect(connection.externalAccountId?.length).toBeLessThanOrEqual(255);
    expect(checked.verdict).not.toBe('failed');
    expect((await checkConnection(ada, connectionId, 'person')).verdict).not.toBe('failed');
    reply(200, { id: `7\u0000${'x'.repeat(401)}`, name: 'Ada', capabilities: { edit_posts: true } });
    expect(await checkConnection(ada, connectionId, 'person')).toMatchObject({ credentialRefused: true });
    for (let before = 440; before < 1_000; before += 7) {
      reply(401, { message: `${'é'.repeat(before)}${password} and more` });
      const told = JSON.stringify(await checkConnection(ada, connectionId, 'person'));
      expect([before, told.includes('wxyz')]).toEqual([before, false]);
    }
  });

  it.each(['post', 'basic'])('has no client secret told by its token endpoint, sent as %s', async (way) => {
    let pair = '';
    answer = (response, { authorization = '' }, body) => {
      pair = authorization.split(' ')[1] ?? '';
      const secret = new URLSearchParams(body).get('client_secret') ?? authorization;
      const refusal = { error: 'invalid_client', error_description: `Unknown secret ${secret}` };
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(refusal));
    };
    const { connectionId } = await installed(
      'http-api',
      'Tokens',
      { base_url: url },
      {
        method: 'client_credentials',
        token_url: `${url}/token`,
        client_id: 'hub',
        client_authentication: way,
        client_secret: canary,
      },
    );
    const expectNone = (told: unknown) => {
      expectNoneOf(canary, told);
      if (way === 'basic') expect(JSON.stringify(told)).not.toContain(pair); // encoded with the client's ID
    };
    await checkConnection(ada, connectionId, 'person');
    expect(pair.length > 30).toBe(way === 'basic');
    expectNone(await getHealth(ada, connectionId));
    expectNone(await listAudit(ada, { subjectId: connectionId }));
    const asked = { connectionId, arguments: { method: 'GET', path: '/' } };
    await executeTool(ada, 'http-api.request', asked).catch((error) => expectNone(error.message));
  });
});
