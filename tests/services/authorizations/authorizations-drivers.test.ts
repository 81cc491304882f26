import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../../seeds/demo.ts';
import type { StandIn } from '../../sandbox/front.ts';
import { startGithub } from '../../sandbox/github.ts';
import { startSlack } from '../../sandbox/slack.ts';
import { wiring } from '../../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import { connect } from '../../support/oauth.ts';
import { textOf, Visitor } from '../../support/sso-visitor.ts';

// The drivers that people authorise, at stand-ins that nobody here wrote.

const redirect_uris = ['http://hub.localhost/connections/oauth/callback'];
const { github, slack } = demo.applications;

let hub: TestApp;
let services: { github: StandIn; slack: StandIn };
beforeAll(async () => {
  services = {
    github: await startGithub({ apps: [{ ...github, redirect_uris }], auto: 'octocat' }),
    slack: await startSlack({ apps: [{ ...slack, redirect_uris }], auto: 'ada' }),
  };
  const urls = { github: services.github.url, slack: services.slack.url };
  hub = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring(urls) });
});
afterAll(async () => {
  await hub.close();
  await Promise.all([services.github.close(), services.slack.close()]);
});

let count = 0;

async function begin(key: 'github' | 'slack', connection_id?: string, connector_id?: string) {
  count += 1;
  const { ada } = hub.cast;
  const { client_id, client_secret } = demo.applications[key];
  const body = {
    catalog_key: key,
    name: `${key} ${count}`,
    config: {},
    auth: { method: 'oauth2', client_id, client_secret },
  };
  const id: string = connector_id ?? (await (await hub.as(ada, 'POST', '/api/connectors', body)).json()).id;
  const started = await hub.as(ada, 'POST', '/api/connections/oauth/initiate', { connector_id: id, connection_id });
  expect(started.status, await started.clone().text()).toBe(201);
  return {
    id,
    browser: new Visitor(hub).as(ada),
    ...((await started.json()) as { connection_request_id: string; redirect_url: string }),
  };
}

async function outcome(connection_request_id: string): Promise<Json> {
  return (
    await hub.as(hub.cast.ada, 'POST', '/api/connections/oauth/wait', { connection_request_id, timeout_s: 0 })
  ).json();
}

const accounts = { github: 'octocat', slack: 'northwind' };

describe.each(['github', 'slack'] as const)('%s', (key) => {
  it('is connected, and says for whom', async () => {
    const { browser, redirect_url, connection_request_id } = await begin(key);
    const done = await connect(browser, redirect_url);
    expect(done.status, await textOf(done.clone())).toBe(303);
    const { status, connection } = await outcome(connection_request_id);
    expect([status, connection.status]).toEqual(['succeeded', 'active']);
    expect(connection.account_label.toLowerCase()).toContain(accounts[key]);
    expect(connection.external_account_id).toBeTruthy();
    expect(connection.scopes.length).toBeGreaterThan(0);
  });

  it('can be activated then, and not before', async () => {
    const { id, browser, redirect_url } = await begin(key);
    const activate = () => hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    expect((await activate()).status).toBe(409);
    await connect(browser, redirect_url);
    expect((await activate()).status).toBe(200);
  });

  it('says in its own words why not', async () => {
    const denied = await begin(key);
    expect((await connect(denied.browser, denied.redirect_url, 'deny')).status).toBe(403);
    expect(await outcome(denied.connection_request_id)).toMatchObject({ status: 'denied' });
    const { browser, redirect_url, connection_request_id } = await begin(key);
    const body = key === 'github' ? { error: 'bad_verification_code' } : { ok: false, error: 'invalid_code' };
    await services[key].control.fault('error_in_200', { times: 1, method: 'POST', body });
    await connect(browser, redirect_url);
    expect((await outcome(connection_request_id)).message).toMatch(
      /does not accept what it was given for a token \((bad_verification_code|invalid_code)/,
    );
    await services[key].control.clearFaults();
  });
});

it('another GitHub account is refused when one is authorised anew', async () => {
  const first = await begin('github');
  await connect(first.browser, first.redirect_url);
  const { connection } = await outcome(first.connection_request_id);
  const again = await begin('github', connection.id, first.id);
  const refused = await connect(again.browser, again.redirect_url, 'hubot');
  expect([refused.status, await textOf(refused)]).toEqual([
    409,
    expect.stringContaining('hubot was signed in at the service'),
  ]);
});
