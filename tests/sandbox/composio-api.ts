import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { categoryNames, type ToolSeed, toolItem, toolkitDetail, toolkitItem } from './composio-catalog.ts';
import { type Catalog, page, toolBy, toolkitBy } from './composio-lists.ts';
import {
  type Account,
  accountBody,
  authConfigBody,
  type ComposioState,
  linkAddress,
  Refused,
  runTool,
  type Status,
} from './composio-state.ts';
import type { FrontEnv } from './front.ts';

type C = Context<FrontEnv>;

const includes = (search: string | undefined, ...texts: string[]) =>
  !search || texts.some((text) => text.toLowerCase().includes(search.toLowerCase()));

export function toolkitRoutes(catalog: () => Catalog) {
  const versioned = <T extends { meta: { version: string } }>(item: T): T => {
    const { version } = catalog();
    return version ? { ...item, meta: { ...item.meta, version } } : item;
  };
  return new Hono<FrontEnv>()
    .get('/toolkits', (c) => {
      const { search, category } = c.req.query();
      const found = catalog().toolkits.filter(
        (each) => includes(search, each.slug, each.name, each.description) && (!category || each.category === category),
      );
      const answer = page(c, found);
      return c.json({ ...answer, items: answer.items.map((each) => versioned(toolkitItem(each))) });
    })
    .get('/toolkits/categories', (c) =>
      c.json(
        page(
          c,
          Object.entries(categoryNames).map(([id, name]) => ({ id, name })),
          100,
        ),
      ),
    )
    .get('/toolkits/:slug', (c) => c.json(versioned(toolkitDetail(toolkitBy(catalog(), c.req.param('slug'))))))
    .get('/tools/:slug', (c) => {
      const { toolkits, toolsOf, version } = catalog();
      const tool = toolBy(toolkits.flatMap(toolsOf), c.req.param('slug'));
      return c.json({ ...toolItem(tool), ...(version && { version }) });
    })
    .get('/tools', (c) => {
      const { toolkit_slug, tool_slugs, query, search } = c.req.query();
      const { toolkits, toolsOf, version } = catalog();
      const wanted = tool_slugs?.split(',');
      const found = toolkits
        .filter(({ slug }) => !toolkit_slug || slug === toolkit_slug)
        .flatMap(toolsOf)
        .filter(
          ({ slug }) =>
            (!wanted || wanted.includes(slug)) && includes(query ?? search, slug.replaceAll('_', ' '), slug),
        );
      const answer = page(c, found);
      return c.json({
        ...answer,
        items: answer.items.map((each) => ({ ...toolItem(each), ...(version && { version }) })),
      });
    });
}

export function accountRoutes(state: ComposioState, catalog: () => Catalog) {
  const connections = (id: string) =>
    [...state.accounts.values()].filter(({ authConfig }) => authConfig.id === id).length;
  const made = async (c: C) => {
    const body = await c.req.json();
    state.notePost(c.req.path, body);
    return body;
  };
  return new Hono<FrontEnv>()
    .post('/auth_configs', async (c) => {
      const { toolkit, auth_config = {} } = await made(c);
      const config = state.createAuthConfig(toolkitBy(catalog(), toolkit?.slug), auth_config);
      const { id, scheme, managed } = config;
      return c.json(
        { toolkit: { slug: config.toolkit }, auth_config: { id, auth_scheme: scheme, is_composio_managed: managed } },
        201,
      );
    })
    .get('/auth_configs', (c) => {
      const wanted = c.req.query('toolkit_slug');
      const found = [...state.authConfigs.values()].filter(({ toolkit }) => !wanted || toolkit === wanted);
      return c.json(
        page(
          c,
          found.map((each) => authConfigBody(each, connections(each.id))),
        ),
      );
    })
    .get('/auth_configs/:id', (c) => {
      const config = state.authConfig(c.req.param('id'));
      return c.json(authConfigBody(config, connections(config.id)));
    })
    .delete('/auth_configs/:id', (c) => {
      state.authConfigs.delete(state.authConfig(c.req.param('id')).id);
      return c.json({ success: true });
    })
    .post('/connected_accounts/link', async (c) => {
      const { auth_config_id, user_id, callback_url } = await made(c);
      const account = state.link(state.authConfig(auth_config_id), user_id, callback_url ?? null);
      const expires_at = new Date(account.createdAt + state.linkTtlS * 1000).toISOString();
      const redirect_url = linkAddress(account);
      return c.json({ link_token: account.linkToken, redirect_url, expires_at, connected_account_id: account.id }, 201);
    })
    .post('/connected_accounts', async (c) => {
      const { auth_config, connection = {}, validate_credentials } = await made(c);
      const { status: _status, ...values } = connection.state?.val ?? {};
      const account = state.create(
        state.authConfig(auth_config?.id),
        connection.user_id,
        values,
        Boolean(validate_credentials),
      );
      const connectionData = { authScheme: account.authConfig.scheme, val: { status: account.status } };
      return c.json(
        { id: account.id, status: account.status, redirect_url: null, redirect_uri: null, connectionData },
        201,
      );
    })
    .get('/connected_accounts', (c) => {
      const [users, configs, statuses] = ['user_ids', 'auth_config_ids', 'statuses'].map((name) =>
        c.req.query(name)?.split(','),
      );
      const matching = [...state.accounts.keys()]
        .map((id) => state.account(id))
        .filter(({ userId }) => users?.includes(userId) ?? true)
        .filter(({ authConfig }) => configs?.includes(authConfig.id) ?? true)
        .filter(({ status }) => statuses?.includes(status) ?? true);
      return c.json(page(c, matching.map(accountBody)));
    })
    .get('/connected_accounts/:id', (c) => c.json(accountBody(state.account(c.req.param('id')))))
    .patch('/connected_accounts/:id/status', async (c) => {
      const account = state.account(c.req.param('id'));
      const { enabled } = await c.req.json();
      const [from, to] = (enabled ? ['INACTIVE', 'ACTIVE'] : ['ACTIVE', 'INACTIVE']) as [Status, Status];
      if (account.status === from) account.status = to;
      return c.json({ success: true });
    })
    .post('/connected_accounts/:id/refresh', (c) => {
      const { id, status } = state.account(c.req.param('id'));
      return c.json({ id, status, redirect_url: null });
    })
    .post('/connected_accounts/:id/revoke', (c) => {
      const account = state.account(c.req.param('id'));
      if (account.authConfig.scheme !== 'OAUTH2')
        throw new Refused(400, 1820, 'Revoke_Unsupported', 'This scheme has no tokens to revoke.');
      if (account.status !== 'ACTIVE') throw new Refused(409, 1821, 'Revoke_NotRevokable', 'It has no tokens now.');
      account.status = 'REVOKED';
      return c.json({
        revoked_tokens: ['access_token'],
        connected_account: { id: account.id, status: account.status },
      });
    })
    .delete('/connected_accounts/:id', (c) => {
      state.accounts.delete(state.account(c.req.param('id')).id);
      return c.json({ success: true });
    })
    .post('/tools/execute/:slug', async (c) => c.json(execute(state, catalog(), c.req.param('slug'), await made(c))));
}

function execute(state: ComposioState, { toolkits, toolsOf }: Catalog, slug: string, body: Record<string, unknown>) {
  const tool = toolBy(toolkits.flatMap(toolsOf), slug);
  const { connected_account_id, user_id, arguments: input = {} } = body;
  const free = tool.toolkit.schemes.includes('NO_AUTH');
  const account = free ? undefined : usable(state, tool, connected_account_id, user_id);
  const outcome = runTool(tool, account?.things ?? [], input as Record<string, unknown>);
  return { ...outcome, log_id: `log_${randomBytes(8).toString('hex')}`, session_info: null };
}

function usable(state: ComposioState, { toolkit }: ToolSeed, id: unknown, userId: unknown): Account {
  const account = state.accounts.get(String(id));
  if (account?.authConfig.toolkit !== toolkit.slug || state.account(account.id).status !== 'ACTIVE')
    throw new Refused(400, 1803, 'ActionExecute_ConnectedAccountNotFound', 'No connected account found for this user.');
  if (account.userId !== userId)
    throw new Refused(400, 1812, 'ActionExecute_ConnectedAccountEntityIdMismatch', 'The account is of another user.');
  return account;
}
