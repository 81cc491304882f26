import { expect } from 'vitest';
import {
  address,
  authBy,
  authorisedByPerson,
  defineDriver,
  type LoadedDriver,
  type OAuthProvider,
  oauth2,
  object,
  originsOf,
  requestJson,
} from '../../src/drivers/driver.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startOauthServer } from '../sandbox/oauth-server.ts';
import { type Json, type TestApp, testApp } from './app.ts';
import type { Person } from './cast.ts';
import { Visitor } from './sso-visitor.ts';

/** A service with an authorisation server of its own, wherever its origin is. */
export const oauthService = (key: string, changes: Partial<OAuthProvider> = {}): LoadedDriver => ({
  ...defineDriver({
    entry: {
      key,
      name: `Service ${key}`,
      description: 'A service for tests.',
      category: 'Developer',
      aliases: [],
      authType: 'oauth',
      authMethods: ['oauth2'],
      capabilities: { tools: 0 },
      configSchema: object({ origin: address({ title: 'Origin', default: 'https://id.example' }) }),
      authSchema: authBy(
        oauth2({
          title: 'App',
          clientId: {},
          clientSecret: {},
          scopes: ['read', 'write'],
          scopesHelp: 'What it may do.',
          scopesUrl: 'https://id.example/docs',
        }),
      ),
      schemaVersion: 1,
    },
    fieldDocs: {},
    destinations: ({ origin = 'https://id.example' }) => originsOf(origin),
    needsConnection: authorisedByPerson,
    oauth: {
      endpoints: ({ origin = 'https://id.example' }) => ({
        authorization: `${origin}/auth`,
        token: `${origin}/token`,
        issuer: String(origin),
      }),
      clientAuth: 'basic',
      pkce: true,
      sendsIssuer: true,
      scopeSeparator: ' ',
      refreshReuse: 'revokes_family',
      ...changes,
    },
    whoami: async (context) => {
      const { origin = 'https://id.example' } = context.config;
      const headers = { authorization: `Bearer ${context.auth.access_token}` };
      const me = (await requestJson(context, `${origin}/api/me`, { headers })) as { account: string };
      return { externalId: me.account, label: me.account };
    },
  }),
  icon: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>',
});

export const client = { client_id: 'northwind', client_secret: 'northwind-secret-1' };
const callbacks = ['http://hub.localhost/connections/oauth/callback*'];

export interface OauthStage extends TestApp {
  /** Stands at https://id.example. */
  service: StandIn;
  /** Another service, at https://other.example. */
  other: StandIn;
  /** A connector of the service; its id. */
  connector(changes?: {
    origin?: string;
    key?: string;
    client?: Json;
    personal?: boolean;
    as?: Person;
  }): Promise<string>;
  begin(
    person: Person,
    body: Json,
    headers?: Record<string, string>,
  ): Promise<{ connection_request_id: string; redirect_url: string }>;
  state(id: string, person?: Person): Promise<Json>;
  /** A browser of this person's. */
  browser(person: Person | null): Visitor;
  connections(connectorId: string): Promise<Json[]>;
  credentials(): Promise<Json[]>;
}

let count = 0;

/** The app with two authorisation servers, each under a name of its own. */
export async function oauthStage(
  drivers = [oauthService('id')],
  env: Record<string, string> = {},
): Promise<OauthStage> {
  const start = () => startOauthServer({ clients: [{ ...client, redirect_uris: callbacks }] });
  const [service, other] = await Promise.all([start(), start()]);
  const hub = await testApp(
    {
      UPSTREAM_OVERRIDES: JSON.stringify({ 'https://id.example': service.url, 'https://other.example': other.url }),
      ALLOWED_PRIVATE_HOSTS: `${new URL(service.url).host},${new URL(other.url).host}`,
      BASE_URL: 'http://hub.localhost',
      ...env,
    },
    drivers,
  );
  const { ada } = hub.cast;
  const rows = (table: string, where = 'true') =>
    hub.database.db.asTenant(ada.tenantId, (tx) =>
      tx.execute(`select * from ${table} where ${where} order by id`),
    ) as Promise<Json[]>;
  return {
    ...hub,
    service,
    other,
    async connector({
      origin = 'https://id.example',
      key = 'id',
      client: own = client,
      personal = false,
      as = ada,
    } = {}) {
      count += 1;
      const auth = { method: 'oauth2', ...own, scopes: ['read', 'write'], personal_accounts: personal };
      const body = { catalog_key: key, name: `Service ${count}`, config: { origin }, auth };
      const answer = await hub.as(as, 'POST', '/api/connectors', body);
      expect(answer.status, await answer.clone().text()).toBe(201);
      return (await answer.json()).id;
    },
    async begin(person, body, headers = {}) {
      const answer = await hub.as(person, 'POST', '/api/connections/oauth/initiate', body, headers);
      expect(answer.status, await answer.clone().text()).toBe(201);
      return answer.json();
    },
    async state(id, person = ada) {
      const body = { connection_request_id: id, timeout_s: 0 };
      return (await hub.as(person, 'POST', '/api/connections/oauth/wait', body)).json();
    },
    browser: (person) => (person ? new Visitor(hub).as(person) : new Visitor(hub)),
    connections: (id) => rows('connections', `connector_id = '${id}'`),
    credentials: () => rows('credentials'),
    close: async () => {
      await hub.close();
      await Promise.all([service.close(), other.close()]);
    },
  };
}

/** Agrees at the start page; returns the address at the service. */
export async function agree(browser: Visitor, startUrl: string): Promise<string> {
  const page = await browser.send(startUrl);
  expect(page.status, await page.clone().text()).toBe(200);
  const sent = await browser.send(startUrl, { form: {} });
  expect(sent.status).toBe(303);
  return sent.headers.get('location') ?? '';
}

/** The whole way up to the address that the service sends the browser back to, which is not asked yet. */
export async function toCallback(browser: Visitor, startUrl: string, hint = ''): Promise<string> {
  const url = new URL(await agree(browser, startUrl));
  if (hint) url.searchParams.set('login_hint', hint);
  return browser.throughProvider(url.href);
}

/** And back in the hub. */
export const connect = async (browser: Visitor, startUrl: string, hint = '') =>
  browser.send(await toCallback(browser, startUrl, hint));
