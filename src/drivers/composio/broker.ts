import { type Broker, type ExecutionContext, type HealthReport, ServiceError, type Values } from '../driver.ts';
import { account, authConfig, link } from './accounts.ts';
import { type Client, createClients, type Sdk, timeoutMs } from './client.ts';
import { notJson } from './errors.ts';
import { verifyWebhook } from './events.ts';
import { healthIn } from './health.ts';
import { slug as readSlug, record } from './read.ts';
import { logIdOf, result } from './results.ts';
import { categories, toolkitDetails, toolkits } from './toolkits.ts';
import { tools } from './tools.ts';

/** The SDK writes these in upper case, we do not. */
const schemeOf = (scheme: string) => scheme.toUpperCase() as 'API_KEY';

interface Kept {
  checkHealth(context: ExecutionContext): Promise<HealthReport>;
  release(connectorId?: string): void;
  /** For how many connectors an SDK instance is kept. */
  kept(): number;
}

/**
 * What Composio offers, asked by its generated client alone: the SDK's own models drop cursors, ask twice, and stumble over answers that
 * lack a part (https://docs.composio.dev/reference).
 */
export function createBroker(load: () => Promise<Sdk>): Broker & Kept {
  const clients = createClients(load);

  /** An answer in JSON; a page of a proxy in between comes as text. */
  async function ask(context: ExecutionContext, work: (client: Client) => Promise<unknown>, values?: Values) {
    const answer = await clients.use(context, work, values);
    if (typeof answer !== 'object' || answer === null) throw notJson();
    return answer;
  }

  /** For what is done and has nothing to say. */
  const order = (context: ExecutionContext, work: (client: Client) => Promise<unknown>) => clients.use(context, work);

  return {
    timeoutMs,
    release: clients.release,
    kept: clients.size,
    verifyWebhook,

    async checkHealth(context) {
      return healthIn(await ask(context, (client) => client.toolkits.list({ limit: 1 })));
    },

    async listToolkits(context, { search, category, cursor, limit }) {
      const query = { search, category, cursor, limit, sort_by: 'usage', managed_by: 'all' } as const;
      return toolkits(await ask(context, (client) => client.toolkits.list(query)));
    },

    async listCategories(context) {
      return categories(await ask(context, (client) => client.toolkits.retrieveCategories()));
    },

    async getToolkit(context, slug) {
      const details = toolkitDetails(await ask(context, (client) => client.toolkits.retrieve(named(slug))));
      return details ?? missing('toolkit');
    },

    async listTools(context, { toolkit, search, keys, cursor, limit }) {
      const tool_slugs = keys?.map((key) => named(key).toUpperCase()).join(',');
      const query = { toolkit_slug: toolkit, query: search, tool_slugs, cursor, limit };
      return tools(await ask(context, (client) => client.tools.list(query)));
    },

    async createAuthConfig(context, { toolkit, scheme, managed, name, values }) {
      const auth_config = managed
        ? { type: 'use_composio_managed_auth' as const, name }
        : { type: 'use_custom_auth' as const, name, authScheme: schemeOf(scheme), credentials: values };
      const body = { toolkit: { slug: toolkit }, auth_config };
      const answer = await ask(context, (client) => client.authConfigs.create(body), values);
      return authConfig(answer, { toolkit, scheme, managed, name });
    },

    async getAuthConfig(context, id) {
      return authConfig(await ask(context, (client) => client.authConfigs.retrieve(named(id))), { id });
    },

    async deleteAuthConfig(context, id) {
      await unlessGone(order(context, (client) => client.authConfigs.delete(named(id))));
    },

    async linkAccount(context, { authConfigId, brokerUserId, callbackUrl }) {
      const body = { auth_config_id: authConfigId, user_id: brokerUserId, callback_url: callbackUrl };
      return link(await ask(context, (client) => client.link.create(body)));
    },

    async createAccount(context, { authConfigId, brokerUserId, scheme, values }) {
      const state = { authScheme: schemeOf(scheme), val: { status: 'ACTIVE' as const, ...values } };
      const body = {
        auth_config: { id: authConfigId },
        connection: { user_id: brokerUserId, state },
        ...(scheme === 'api_key' && { validate_credentials: true }), // it can do that for no other scheme
      };
      const answer = await ask(context, (client) => client.connectedAccounts.create(body), values);
      return account(answer, { authConfigId, scheme });
    },

    async getAccount(context, id) {
      return account(await ask(context, (client) => client.connectedAccounts.retrieve(named(id))), { id });
    },

    async setAccountEnabled(context, id, enabled) {
      await order(context, (client) => client.connectedAccounts.updateStatus(named(id), { enabled }));
    },

    async revokeAccount(context, id) {
      const path = `/api/v3.1/connected_accounts/${named(id)}/revoke`; // this version's client does not know it
      const answer = await ask(context, (client) => client.post(path)).catch(unlessImpossible);
      return answer !== null;
    },

    async deleteAccount(context, id) {
      await unlessGone(order(context, (client) => client.connectedAccounts.delete(named(id))));
    },

    async executeTool(context, { tool, version, accountId, brokerUserId, arguments: input }) {
      const body = { user_id: brokerUserId, connected_account_id: accountId, version, arguments: input };
      const answer = record(await ask(context, (client) => client.tools.execute(named(tool), body)));
      const logId = logIdOf(answer);
      if (logId) context.noteRequestId(logId);
      return result(answer);
    },
  };
}

/** What becomes a part of an address: with another form it would lead to something else. */
function named(name: string): string {
  const known = readSlug(name);
  if (!known) throw new ServiceError('not_found', 'Composio does not know this.');
  return known;
}

function missing(what: string): never {
  throw new ServiceError('service', `Composio names no ${what} in its answer.`);
}

const isFault = (error: unknown, ...faults: string[]) => error instanceof ServiceError && faults.includes(error.fault);

async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isFault(error, 'not_found')) throw error;
  });
}

/** 400 for services that cannot end a token, 409 for accounts that have none to end. */
function unlessImpossible(error: unknown): null {
  if (isFault(error, 'input', 'conflict')) return null;
  throw error;
}
