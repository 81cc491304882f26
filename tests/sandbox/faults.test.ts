import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { digest } from './control.ts';
import type { StandIn } from './front.ts';
import { startOauthServer } from './oauth-server.ts';
import { startApart } from './run.ts';

const { client_id, client_secret } = demo.client;
const credentials = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read', client_id, client_secret });

let server: StandIn;

beforeAll(async () => {
  server = await startOauthServer();
});
afterAll(() => server.close());
beforeEach(() => server.control.reset());

const ask = (signal?: AbortSignal) =>
  fetch(`${server.url}/token`, { method: 'POST', body: credentials, redirect: 'manual', signal });

describe('faults at the token endpoint', () => {
  it('answers what no client expects', async () => {
    await server.control.fault('html', { path: '/token', times: 1 });
    expect(await (await ask()).text()).toContain('<!doctype html>');
    await server.control.fault('error_in_200', { path: '/token', times: 1 });
    const inside = await ask();
    expect([inside.status, await inside.json()]).toEqual([200, expect.objectContaining({ error: 'invalid_grant' })]);
    await server.control.fault('status', { path: '/token', times: 1, status: 503, headers: { 'retry-after': '4' } });
    const failed = await ask();
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '4']);
    await server.control.fault('redirect', { path: '/token', times: 1 });
    const led = await ask();
    expect([led.status, led.headers.get('location')]).toEqual([302, 'http://169.254.169.254/latest/meta-data/']);
    expect((await ask()).status).toBe(200);
    expect((await server.control.counts()).granted).toEqual({ client_credentials: 1 });
  });

  it('spoils a good answer', async () => {
    await server.control.fault('no_token_type', { times: 1 });
    const untyped = await (await ask()).json();
    expect(untyped).toHaveProperty('access_token');
    expect(untyped).not.toHaveProperty('token_type');
    await server.control.fault('form_encoded', { times: 1 });
    const form = await ask();
    expect(form.headers.get('content-type')).toContain('application/x-www-form-urlencoded');
    expect(new URLSearchParams(await form.text()).get('access_token')).toBeTruthy();
  });

  it('answers with more than anybody wants, as fast as it is read', async () => {
    await server.control.fault('huge', { times: 1 });
    const { body } = await ask();
    let read = 0;
    for await (const chunk of body ?? []) read += chunk.length;
    expect(read).toBeGreaterThan(100 * 1024 * 1024);
  });

  it('does not answer until it is given up, and shows that it was asked', async () => {
    await server.control.fault('hang', { path: '/token' });
    const patience = new AbortController();
    const asked = ask(patience.signal);
    await expect.poll(() => server.control.requests('/token'), { timeout: 10_000 }).toMatchObject([{ status: null }]);
    patience.abort();
    await expect(asked).rejects.toThrow('abort');
  });

  it('cuts the connection, before the work or after it', async () => {
    await server.control.fault('drop', { times: 1 });
    await expect(ask()).rejects.toThrow('fetch failed');
    expect((await server.control.counts()).granted).toEqual({});
    await server.control.fault('lose_answer', { times: 1 });
    await expect(ask()).rejects.toThrow('fetch failed');
    expect((await server.control.counts()).granted).toEqual({ client_credentials: 1 });
    expect(await server.control.tokens()).toHaveLength(1);
  });

  it('takes its time', async () => {
    await server.control.fault('slow', { times: 1, delay_ms: 300 });
    const before = performance.now();
    expect((await ask()).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(290);
  });

  it('fails only where and as often as told', async () => {
    await server.control.fault('status', { path: '/api/*', method: 'GET', times: 2 });
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await fetch(`${server.url}/api/status`)).status);
    expect([statuses, (await ask()).status]).toEqual([[500, 500, 200], 200]);
    await server.control.fault('html');
    await server.control.clearFaults();
    expect((await (await ask()).json()).token_type).toBe('Bearer');
  });

  it('refuses faults and settings that it does not have', async () => {
    await expect(server.control.fault('secondary_rate_limited')).rejects.toThrow('422');
    await expect(server.control.settings({ colour: 'blue' })).rejects.toThrow('422');
  });
});

describe('the journal', () => {
  it('tells who asked for what, and no secret', async () => {
    const { access_token } = (await (await ask()).json()) as { access_token: string };
    await fetch(`${server.url}/api/me?state=hidden&page=2`, { headers: { authorization: `Bearer ${access_token}` } });
    const [granted, used] = await server.control.requests();
    expect(granted).toMatchObject({
      path: '/token',
      status: 200,
      grant_type: 'client_credentials',
      client_id,
      granted: true,
    });
    expect(used).toMatchObject({ path: '/api/me', status: 200, token: digest(access_token), query: { page: '2' } });
    const written = JSON.stringify([await server.control.requests(), await server.control.tokens()]);
    for (const secret of [access_token, client_secret, 'hidden']) expect(written).not.toContain(secret);
  });
});

describe('a stand-in of its own process', () => {
  it('is driven by its URL alone, at the port that it is given again', async () => {
    const first = await startApart('slack');
    expect(await first.control.tokens()).toHaveLength(Object.keys(demo.tokens.slack).length);
    await first.close();
    await expect(fetch(first.url)).rejects.toThrow('fetch failed');
    const second = await startApart('slack', { port: Number(new URL(first.url).port) });
    expect(second.url).toBe(first.url);
    await second.close();
  });

  it('may have a clock that is off', async () => {
    const late = await startApart('oauth', {}, -7200);
    const body = new URLSearchParams(credentials);
    const { access_token } = (await (await fetch(`${late.url}/token`, { method: 'POST', body })).json()) as {
      access_token: string;
    };
    const answer = await fetch(`${late.url}/token/introspection`, {
      method: 'POST',
      body: new URLSearchParams({ token: access_token, client_id, client_secret }),
    });
    const { iat } = (await answer.json()) as { iat: number };
    expect(Math.abs(Date.now() / 1000 - 7200 - iat)).toBeLessThan(600);
    await late.close();
  });
});
