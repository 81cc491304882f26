import { expect } from 'vitest';
import { startComposio } from '../sandbox/composio.ts';
import { composioControlOf } from '../sandbox/composio-orders.ts';
import type { StandIn } from '../sandbox/front.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from './app.ts';
import type { Person } from './cast.ts';
import { agree } from './oauth.ts';
import { Visitor } from './sso-visitor.ts';

export const brokerKey = 'ak_only-in-the-sandbox-1';
export const webhookSecret = 'a-secret-for-webhooks-1';

export interface BrokerStage extends TestApp {
  broker: StandIn;
  orders: ReturnType<typeof composioControlOf>;
  /** The broker's connector of Ada's workspace, active. */
  connectorId: string;
  json(person: Person | null, method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  /** Connects Trello by its key. */
  connectTrello(person: Person, more?: Json): Promise<{ status: number; body: Json }>;
  /** Goes to the broker's page and decides there; the address that the browser is sent back to, which is not asked yet. */
  decide(browser: Visitor, startUrl: string, decision?: 'allow' | 'deny'): Promise<string>;
  browser(person: Person | null): Visitor;
  /** Ages everything in the cache by so many seconds. */
  age(seconds: number): Promise<void>;
  postsTo(path: string): Promise<number>;
}

/** The app with a stand-in of a broker and its connector in Ada's workspace. */
export async function brokerStage(env: Record<string, string> = {}): Promise<BrokerStage> {
  const broker = await startComposio();
  const hub = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ composio: broker.url }), ...env });
  const orders = composioControlOf(broker.url);
  const { ada } = hub.cast;
  const json: BrokerStage['json'] = async (person, method, path, body) => {
    const answer = await hub.as(person, method, path, body);
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  };
  const auth = { method: 'api_key', api_key: brokerKey, webhook_secret: webhookSecret };
  const made = await json(ada, 'POST', '/api/connectors', {
    ...{ catalog_key: 'composio', name: 'Composio', config: { timeout_s: 5 }, auth },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const connectorId = made.body.id;
  const on = await json(ada, 'PATCH', `/api/connectors/${connectorId}/status`, { status: 'active' });
  expect(on.status, JSON.stringify(on.body)).toBe(200);
  return {
    ...{ ...hub, broker, orders, connectorId, json },
    connectTrello: (person, more = {}) =>
      json(person, 'POST', '/api/connections', {
        ...{ connector_id: connectorId, toolkit_slug: 'trello', credential: { generic_api_key: 'trello-key-1' } },
        ...more,
      }),
    async decide(browser, startUrl, decision = 'allow') {
      const url = new URL(await agree(browser, startUrl));
      url.searchParams.set('decision', decision);
      return browser.throughProvider(url.href);
    },
    browser: (person) => (person ? new Visitor(hub).as(person) : new Visitor(hub)),
    age: async (seconds) => {
      await hub.database.db.asTenant(ada.tenantId, (tx) =>
        tx.execute(
          `update toolkit_cache set stale_at = stale_at - interval '${seconds} seconds', fetched_at = fetched_at - interval '${seconds} seconds', claimed_until = null`,
        ),
      );
    },
    postsTo: async (path) => {
      const posts = await orders.posts();
      return posts.filter(({ post }) => post.startsWith(`${path} `)).reduce((sum, { count }) => sum + count, 0);
    },
    close: async () => {
      await hub.close();
      await broker.close();
    },
  };
}
