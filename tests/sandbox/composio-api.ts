import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import {
  categoryNames,
  type ToolkitSeed,
  type ToolSeed,
  toolItem,
  toolkitDetail,
  toolkitItem,
  toolkitSeeds,
  toolSeedsOf,
} from './composio-catalog.ts';
import { oddities, odditiesTools, warehouse, warehouseTools } from './composio-odd.ts';
import {
  type Account,
  accountBody,
  authConfigBody,
  type ComposioState,
  Refused,
  runTool,
  type Status,
} from './composio-state.ts';
import type { FrontEnv } from './front.ts';

type C = Context<FrontEnv>;

/** What browsers are sent to; overrides lead it to the stand-in as well. */
const connectOrigin = 'https://connect.composio.dev';

export interface Catalog {
  toolkits: ToolkitSeed[];
  /** Replaces every version, as when the service changed its tools. */
  version: string | null;
  toolsOf(toolkit: ToolkitSeed): ToolSeed[];
}

export function catalogOf({
  odd,
  many_tools,
  new_version,
}: {
  odd: boolean;
  many_tools: number;
  new_version: string | null;
}): Catalog {
  return {
    version: new_version,
    toolkits: [...toolkitSeeds, ...(odd ? [oddities] : []), ...(many_tools ? [warehouse] : [])],
    toolsOf: (toolkit) => {
      if (toolkit.slug === warehouse.slug) return warehouseTools(many_tools);
      return toolkit.slug === oddities.slug ? odditiesTools() : toolSeedsOf(toolkit);
    },
  };
}

/** One page; the cursor says where the next one begins, in words that nobody is to understand. */
function page<T>(c: C, all: T[], most = 20) {
  const start = Number(
    Buffer.from(c.req.query('cursor') ?? '', 'base64url')
      .toString()
      .replace(/^from:/, '') || 0,
  );
  if (!Number.isInteger(start)) throw new Refused(400, 400, 'BadCursor', 'The cursor is none of ours.');
  const limit = Math.min(Number(c.req.query('limit') ?? most), 1000);
  const next = start + limit;
  return {
    items: all.slice(start, next),
    next_cursor: next < all.length ? Buffer.from(`from:${next}`).toString('base64url') : null,
    total_pages: Math.ceil(all.length / limit),
    current_page: Math.floor(start / limit) + 1,
    total_items: all.length,
  };
}

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

function toolkitBy({ toolkits }: Catalog, slug: unknown): ToolkitSeed {
  const found = toolkits.find((each) => each.slug === String(slug).toLowerCase());
  if (!found) throw new Refused(404, 4041, 'Toolkit_NotFound', `Toolkit ${slug} was not found.`);
  return found;
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
      const redirect_url = `${connectOrigin}/link/${account.linkToken}`;
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
      const ids = c.req.query('user_ids')?.split(',');
      const found = [...state.accounts.keys()].map((id) => state.account(id));
      return c.json(page(c, found.filter(({ userId }) => !ids || ids.includes(userId)).map(accountBody)));
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
  const tool = toolkits.flatMap(toolsOf).find((each) => each.slug === slug);
  if (!tool) throw new Refused(404, 2301, 'Tool_NotFound', `Tool ${slug} was not found.`);
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
