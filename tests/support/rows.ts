import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { insertConnection, selectConnections } from '../../src/db/queries/connections.ts';
import { type ConnectorRow, findConnector } from '../../src/db/queries/connectors.ts';
import { setManagement } from '../../src/db/queries/file-connectors.ts';
import { insertMember, insertUser } from '../../src/db/queries/identity.ts';
import { insertPost } from '../../src/db/queries/posts.ts';
import { type Broker, type LoadedDriver, object, type ToolkitScheme } from '../../src/drivers/driver.ts';
import { exampleId } from '../../src/routes/api/components.ts';
import { settingsOf } from '../../src/services/connector-files/standing.ts';
import { rotateCredential } from '../../src/services/credentials/credential-rotation.ts';
import { checkConnection } from '../../src/services/health/health.ts';
import { inviteMember } from '../../src/services/people/invitations.ts';
import type { TestApp } from './app.ts';
import { connectedApp } from './apps.ts';
import type { Person } from './cast.ts';

let count = 0;

interface Example {
  path: string;
  example: { body?: unknown; form?: unknown };
}

/** Whether the route's example is about a row that has to be there. */
export const needsRow = ({ path, example }: Example): boolean =>
  path.includes(':id') || isAbout(example.body) || isAbout(example.form);

/** The example's body about this very row. */
export const about = <T>(body: T, id: string | undefined): T =>
  body === undefined || !id ? body : JSON.parse(JSON.stringify(body).replaceAll(exampleId, id));

const isAbout = (values: unknown) => JSON.stringify(values ?? '').includes(exampleId);

/** Makes what `:id` in this path stands for, in Northwind and for this one use; returns its id. What belongs to a person is Ben's. */
export async function rowFor(hub: TestApp, path: string, person = hub.cast.ben): Promise<string> {
  count += 1;
  const kind = Object.keys(makers).find((part) => path.includes(part)) ?? '/connectors';
  return (await makers[kind]?.(hub, person, path)) ?? '';
}

const makers: Record<string, (hub: TestApp, person: Person, path: string) => Promise<string>> = {
  // Secrets that can be rotated although no service is there to ask.
  '/connections/:id/rotate': (hub) => checkedConnection(hub),
  '/connections/:id/rotation': (hub) => checkedConnection(hub),
  '/connections/:id/rollback': async (hub) => {
    const id = await checkedConnection(hub);
    await rotateCredential(hub.ctx(hub.cast.ada), id, { password: 'the second of two' });
    return id;
  },
  '/connectors/:id/management': (hub) => fileConnector(hub),
  '/organizations': async (hub) => hub.cast.ada.tenantId,
  '/connections/:id': async (hub, person) => ownConnection(hub, await oauthConnector(hub), person),
  '/mcp/apps': (hub, person) => connectedApp(hub, person),
  '/api-keys': async (hub) => {
    const body = { name: `Key ${count}`, role: 'member', scopes: ['catalog:read'] };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/api-keys', body)).json()).id;
  },
  // There is one for each workspace and period.
  '/budgets': async (hub) => {
    const body = { scope: 'workspace', period: 'day', limit_usd: '5' };
    const { data } = await (await hub.as(hub.cast.ada, 'GET', '/api/budgets')).json();
    for (const { id } of data) await hub.as(hub.cast.ada, 'DELETE', `/api/budgets/${id}`);
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/budgets', body)).json()).id;
  },
  '/prices': async (hub) => {
    const body = { model: `made-${count}`, input_usd: '1', output_usd: '2' };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/prices', body)).json()).id;
  },
  // Nothing answers there: it is one of the addresses that lead nowhere in tests.
  '/webhooks': async (hub) => {
    const body = { url: `https://slack.com/hooks/${count}`, events: ['connection.expired'] };
    const webhook = { method: 'POST', path: '/api/webhooks' };
    const { data } = await (await hub.as(hub.cast.ada, 'GET', webhook.path)).json();
    for (const { id } of data.slice(0, -1)) await hub.as(hub.cast.ada, 'DELETE', `${webhook.path}/${id}`);
    return (await (await hub.as(hub.cast.ada, webhook.method, webhook.path, body)).json()).id;
  },
  '/invitations': async (hub) => {
    const { ada } = hub.cast;
    return (await inviteMember(hub.ctx(ada), { email: `guest${count}@example.com`, role: 'member' })).id;
  },
  '/members': async (hub) => {
    const [id, userId] = [uuidv7(), uuidv7()];
    await hub.hub.db.system.transaction(async (tx) => {
      await insertUser(tx, { id: userId, name: `Member ${count}`, email: `member${count}@example.com` });
      await insertMember(tx, { id, organizationId: hub.cast.ada.tenantId, userId, role: 'member' });
    });
    return id;
  },
  // Calls from it go nowhere: tests reach stand-ins only, and here there are none.
  '/repositories': (hub) => activeConnector(hub),
  '/api/proxy': async (hub) => connectionUnder(hub, await activeConnector(hub)),
  '/operations': async (hub) => {
    const body = {
      ...{ catalog_key: 'http-api', name: `Made ${count}` },
      ...{ config: { base_url: 'https://quiet.example' }, auth: { method: 'none' } },
    };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  },
  // A broker that answers by itself, because there is none in reach.
  '/toolkits': async (hub, _person, path) => {
    brokerByItself(hub.hub.drivers as Map<string, LoadedDriver>);
    const auth = { method: 'api_key', api_key: 'ak_ThisIsNotARealKeyOnlyAnExample' };
    const body = { catalog_key: 'composio', name: `Made ${count}`, config: {}, auth };
    const { id } = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
    await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    if (path.endsWith('/accounts'))
      await hub.as(hub.cast.ada, 'POST', '/api/toolkits/gmail/auth-configs', { connector_id: id, managed: true });
    return id;
  },
  '/tools': (hub) => activeConnector(hub),
  // It is not active: nothing is asked, and the page says why.
  '/table': async (hub) => {
    const auth = { method: 'basic', username: 'clerk', password: 'only an example' };
    const config = { host: 'db.example.com', database: 'shop' };
    const body = { catalog_key: 'postgresql', name: `Made ${count}`, config, auth };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  },
  // Held, so that nothing is called.
  '/approvals': async (hub) => {
    const key = { name: `Asking ${count}`, role: 'member', scopes: ['tools:execute'], limits: { approval: 'writes' } };
    const made = await (await hub.as(hub.cast.ada, 'POST', '/api/api-keys', key)).json();
    const body = {
      connector_id: await activeConnector(hub),
      arguments: { owner: 'octocat', repo: 'hello-world', title: 'Made' },
    };
    const headers = { authorization: `Bearer ${made.key}` };
    const asked = await hub.as(null, 'POST', '/api/tools/github.create_issue/execute', body, headers);
    const { execution_id: id } = await asked.json();
    // Of somebody else’s key, as a key decides about none of its own maker’s.
    await hub.hub.db.asTenant(hub.cast.ada.tenantId, (tx) =>
      tx.execute(sql`update approvals set maker_id = ${hub.cast.ben.id} where id = ${id}`),
    );
    return id;
  },
  '/executions/:id/result': async (hub, person) => {
    const body = { connector_id: await activeConnector(hub), arguments: {} };
    return (await (await hub.as(person, 'POST', '/api/tools/github.get_user/execute', body)).json()).execution_id;
  },
  '/executions': async (hub) => {
    const body = { connector_id: await activeConnector(hub), arguments: {} };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/tools/github.get_user/execute', body)).json()).execution_id;
  },
  // A connector whose accounts people authorise, and an authorisation of Ben's own one that an owner began.
  '/oauth/start': (hub) => authorization(hub),
  '/oauth/wait': (hub) => authorization(hub),
  '/oauth/': (hub) => oauthConnector(hub),
  '/connections/links': (hub) => oauthConnector(hub),
  // Of a service that is not asked whose token it is.
  '/api/connections': (hub) => {
    const drivers = hub.hub.drivers as Map<string, LoadedDriver>;
    const driver = drivers.get('linkedin') as LoadedDriver;
    drivers.set('linkedin', { ...driver, whoami: undefined });
    return oauthConnector(hub, 'linkedin', '77a1b2c3d4e5f6');
  },
  // Nothing is sent: jobs do that, and here are none.
  '/publish': async (hub) => {
    const id = (await makers['/connectors']?.(hub, hub.cast.ada, '')) ?? '';
    await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    return id;
  },
  // One target failed, and one still waits.
  '/posts': (hub, person) => post(hub, person),
  '/connectors': async (hub) => {
    const body = {
      catalog_key: 'wordpress',
      name: `Made ${count}`,
      config: { site_url: 'https://blog.example.com' },
      auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
    };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  },
};

/** As a file leaves it. */
async function fileConnector(hub: TestApp): Promise<string> {
  const id = (await makers['/connectors']?.(hub, hub.cast.ada, '')) ?? '';
  await hub.hub.db.asTenant(hub.cast.ada.tenantId, async (tx) => {
    const row = await findConnector(tx, hub.cast.ada.tenantId, id);
    const settings = settingsOf(row as ConnectorRow, false);
    const fileState = { source: 'patchbay.yaml', applied_at: new Date().toISOString(), settings };
    await setManagement(tx, hub.cast.ada.tenantId, id, { managedBy: 'file', fileState });
  });
  return id;
}

async function activeConnector(hub: TestApp): Promise<string> {
  const auth = { method: 'token', access_token: 'ghp_ThisIsNotARealTokenOnlyAnExample0000' };
  const body = { catalog_key: 'github', name: `Made ${count}`, config: {}, auth };
  const { id } = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
  await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${id}/status`, { status: 'active' });
  return id;
}

function brokerByItself(drivers: Map<string, LoadedDriver>) {
  const driver = drivers.get('composio') as LoadedDriver & { broker: Broker };
  const link = { scheme: 'oauth2', title: 'OAuth 2', connects: 'link', managed: true, helpUrl: null, unusable: null };
  const fields = { configFields: object({}), accountFields: object({}) };
  const gmail = {
    ...{ slug: 'gmail', name: 'Gmail', description: '', logo: null, categories: [], toolsCount: 0 },
    ...{ schemes: ['oauth2'], managedSchemes: ['oauth2'], noAuth: false, version: null, deprecated: false },
  };
  const broker: Broker = {
    ...driver.broker,
    listToolkits: async () => ({ items: [gmail], nextCursor: null }),
    getToolkit: async () => ({ ...gmail, authSchemes: [{ ...link, ...fields } as ToolkitScheme], appUrl: null }),
    listTools: async () => ({ items: [], nextCursor: null }),
    createAuthConfig: async (_context, { toolkit, scheme, managed, name }) => ({
      ...{ id: 'ac_example', toolkit, scheme, managed, name, enabled: true },
    }),
  };
  drivers.set('composio', { ...driver, broker });
}

/** Of a service that has no address, so that there is nothing to test. */
async function checkedConnection(hub: TestApp): Promise<string> {
  const drivers = hub.hub.drivers as Map<string, LoadedDriver>;
  const driver = drivers.get('http-api') as LoadedDriver;
  drivers.set('http-api', { ...driver, destinations: () => [], checkHealth: undefined, whoami: undefined });
  const auth = { method: 'basic', username: 'reader', password: 'the first of two' };
  const config = { base_url: 'https://quiet.example' };
  const body = { catalog_key: 'http-api', name: `Made ${count}`, config, auth };
  const { id: connectorId } = await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
  const id = await connectionUnder(hub, connectorId);
  await checkConnection(hub.ctx(hub.cast.ada), id, 'person');
  return id;
}

/** The first connection of a connector of Northwind's. */
export async function connectionUnder(hub: TestApp, connectorId: string): Promise<string> {
  const { tenantId } = hub.cast.ada;
  const [connection] = await hub.hub.db.asTenant(tenantId, (tx) =>
    selectConnections(tx, tenantId, { connectorIds: [connectorId], limit: 1 }),
  );
  return connection?.id ?? '';
}

async function post(hub: TestApp, { id: createdBy, tenantId }: Person): Promise<string> {
  const [id, connectorId, connectionId] = [uuidv7(), uuidv7(), uuidv7()];
  const target = { tenantId, postId: id, connectorId, connectionId, connectorName: 'Blog', catalogKey: 'medium' };
  await hub.hub.db.asTenant(tenantId, (tx) =>
    insertPost(tx, { tenantId, id, content: { text: `Made ${count}` }, createdBy }, [
      { ...target, id: uuidv7(), position: 0, status: 'failed', errorCode: 'service_input', errorMessage: 'No.' },
      { ...target, id: uuidv7(), position: 1, dueAt: new Date(Date.now() + 3_600_000) },
    ]),
  );
  return id;
}

async function ownConnection(hub: TestApp, connectorId: string, { id: userId, tenantId }: Person): Promise<string> {
  const id = uuidv7();
  const account = { externalAccountId: id, accountLabel: `Made ${count}` };
  await hub.hub.db.asTenant(tenantId, (tx) => insertConnection(tx, { tenantId, id, connectorId, userId, ...account }));
  return id;
}

async function oauthConnector(hub: TestApp, catalogKey = 'github', clientId = 'Ov23liAbCdEfGhIjKlMn'): Promise<string> {
  const client = { client_id: clientId, client_secret: 'a'.repeat(40) };
  const auth = { method: 'oauth2', ...client, personal_accounts: true };
  const body = { catalog_key: catalogKey, name: `Made ${count}`, config: {}, auth };
  return (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
}

async function authorization(hub: TestApp): Promise<string> {
  const body = { connector_id: await oauthConnector(hub), user_id: hub.cast.ben.id };
  const started = await hub.as(hub.cast.ada, 'POST', '/api/connections/oauth/initiate', body);
  return (await started.json()).connection_request_id;
}
