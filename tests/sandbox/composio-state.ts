import { createHash, randomBytes } from 'node:crypto';
import { fieldsOf, type ToolkitSeed, type ToolSeed } from './composio-catalog.ts';

export interface AuthConfig {
  id: string;
  name: string;
  toolkit: string;
  scheme: string;
  managed: boolean;
  enabled: boolean;
}

export type Status = 'INITIALIZING' | 'INITIATED' | 'ACTIVE' | 'FAILED' | 'EXPIRED' | 'INACTIVE' | 'REVOKED';

export interface Account {
  id: string;
  authConfig: AuthConfig;
  userId: string;
  status: Status;
  reason: string | null;
  callbackUrl: string | null;
  linkToken: string | null;
  createdAt: number;
  values: Record<string, unknown>;
  /** What its tools made. */
  things: { id: string; noun: string; title: string; notes?: unknown }[];
}

/** A refusal as Composio words it. */
export class Refused extends Error {
  readonly status: number;
  readonly code: number;
  readonly slug: string;

  constructor(status: number, code: number, slug: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.slug = slug;
  }
}

const idOf = (prefix: string) => `${prefix}_${randomBytes(9).toString('base64url')}`;
const missing = (what: string, id: string) => new Refused(404, 404, `${what}_NotFound`, `${what} ${id} was not found.`);

/** Everything that the stand-in remembers. */
export class ComposioState {
  authConfigs = new Map<string, AuthConfig>();
  accounts = new Map<string, Account>();
  /** What was sent to make something, and how often the very same came again. */
  posts = new Map<string, number>();
  linkTtlS = 600;

  clear() {
    this.authConfigs.clear();
    this.accounts.clear();
    this.posts.clear();
  }

  notePost(path: string, body: unknown) {
    const key = `${path} ${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)}`;
    this.posts.set(key, (this.posts.get(key) ?? 0) + 1);
  }

  authConfig(id: string): AuthConfig {
    const found = this.authConfigs.get(id);
    if (!found) throw missing('AuthConfig', id);
    return found;
  }

  /** A link that nobody followed runs out. */
  account(id: string): Account {
    const found = this.accounts.get(id);
    if (!found) throw missing('ConnectedAccount', id);
    const over = Date.now() - found.createdAt > this.linkTtlS * 1000;
    if (found.status === 'INITIATED' && over) {
      found.status = 'EXPIRED';
      found.reason = 'The link was not used in time.';
    }
    return found;
  }

  createAuthConfig(toolkit: ToolkitSeed, given: Record<string, unknown>): AuthConfig {
    const { type, authScheme, name, credentials } = given;
    const managed = type !== 'use_custom_auth';
    const scheme = managed ? 'OAUTH2' : String(authScheme);
    if (managed && !toolkit.managed)
      throw new Refused(
        400,
        303,
        'AuthConfig_NoManagedAuth',
        `Toolkit ${toolkit.slug} has no default auth config with Composio.`,
      );
    if (!toolkit.schemes.includes(scheme))
      throw new Refused(400, 302, 'AuthConfig_BadScheme', `Toolkit ${toolkit.slug} has no scheme "${scheme}".`);
    if (!managed) demand(fieldsOf(scheme).auth_config_creation.required, credentials);
    const made = { id: idOf('ac'), name: String(name ?? ''), toolkit: toolkit.slug, scheme, managed, enabled: true };
    this.authConfigs.set(made.id, made);
    return made;
  }

  start(authConfig: AuthConfig, about: Partial<Account> & { userId: string }): Account {
    const made: Account = {
      id: idOf('ca'),
      authConfig,
      status: 'INITIATED',
      reason: null,
      callbackUrl: null,
      linkToken: null,
      createdAt: Date.now(),
      values: {},
      things: [],
      ...about,
    };
    this.accounts.set(made.id, made);
    return made;
  }

  link(authConfig: AuthConfig, userId: string, callbackUrl: string | null): Account {
    if (authConfig.scheme !== 'OAUTH2')
      throw new Refused(400, 602, 'Link_BadScheme', 'Links are for schemes that redirect.');
    return this.start(authConfig, { userId, callbackUrl, linkToken: idOf('lk') });
  }

  /** An account by values. Keys that begin with `wrong` are refused, with the whole key in the message. */
  create(authConfig: AuthConfig, userId: string, values: Record<string, unknown>, validate: boolean): Account {
    if (authConfig.scheme === 'OAUTH2')
      throw new Refused(
        400,
        600,
        'ConnectedAccount_BadRequest',
        'This endpoint is no longer supported for OAuth. Use POST /api/v3/connected_accounts/link instead.',
      );
    const { required } = fieldsOf(authConfig.scheme).connected_account_initiation;
    demand(required, values);
    const wrong = required.find(({ name }) => String(values[name]).startsWith('wrong'));
    if (wrong && validate)
      throw new Refused(
        400,
        1810,
        'ConnectedAccount_InvalidCredentials',
        `The service refused ${wrong.name} with the value ${values[wrong.name]}.`,
      );
    return this.start(authConfig, { userId, status: 'ACTIVE', values });
  }

  byLinkToken(token: string): Account | undefined {
    const found = [...this.accounts.values()].find(({ linkToken }) => linkToken === token);
    return found && this.account(found.id);
  }
}

function demand(fields: { name: string }[], given: unknown) {
  const values = (given ?? {}) as Record<string, unknown>;
  const absent = fields.find(({ name }) => values[name] === undefined || values[name] === '');
  if (absent) throw new Refused(400, 1801, 'Validation', `Missing required field "${absent.name}".`);
}

/** What browsers are sent to; overrides lead it to the stand-in as well. */
export const linkAddress = ({ linkToken }: Account) => `https://connect.composio.dev/link/${linkToken}`;

/** As one is read again. */
export const accountBody = (account: Account) => ({
  id: account.id,
  alias: null,
  word_id: `${account.authConfig.toolkit}_brave-otter`,
  status: account.status,
  status_reason: account.reason,
  is_disabled: account.status === 'INACTIVE',
  created_at: new Date(account.createdAt).toISOString(),
  updated_at: new Date(account.createdAt).toISOString(),
  toolkit: { slug: account.authConfig.toolkit },
  auth_config: {
    id: account.authConfig.id,
    auth_scheme: account.authConfig.scheme,
    is_composio_managed: account.authConfig.managed,
    is_disabled: !account.authConfig.enabled,
  },
  state: {
    authScheme: account.authConfig.scheme,
    val: {
      status: account.status,
      ...(account.status === 'ACTIVE' && { access_token: 'only-in-the-sandbox' }),
      ...(account.status === 'INITIATED' && { redirectUrl: linkAddress(account) }),
    },
  },
  data: account.status === 'ACTIVE' && account.linkToken ? { email: `ada@${account.authConfig.toolkit}.example` } : {},
  params: {},
  user_id: account.userId,
});

export const authConfigBody = (config: AuthConfig, connections: number) => ({
  id: config.id,
  uuid: config.id,
  name: config.name,
  status: config.enabled ? 'ENABLED' : 'DISABLED',
  type: config.managed ? 'default' : 'custom',
  auth_scheme: config.scheme,
  is_composio_managed: config.managed,
  toolkit: { slug: config.toolkit, logo: `https://logos.composio.dev/api/${config.toolkit}` },
  no_of_connections: connections,
  credentials: {},
  expected_input_fields: [],
  tool_access_config: {},
});

interface Outcome {
  data: Record<string, unknown>;
  error: string | null;
  successful: boolean;
}

/** What a tool does with the things of an account. */
export function runTool({ verb, noun }: ToolSeed, things: Account['things'], input: Record<string, unknown>): Outcome {
  const good = (data: Record<string, unknown>): Outcome => ({ data, error: null, successful: true });
  const bad = (status_code: number, error: string): Outcome => ({ data: { status_code }, error, successful: false });
  if (verb === 'list') {
    const query = String(input.query ?? '').toLowerCase();
    const found = things.filter((thing) => thing.noun === noun && thing.title.toLowerCase().includes(query));
    return good({ items: found.slice(0, Number(input.limit ?? 20)), total: found.length });
  }
  if (verb === 'create') {
    if (typeof input.title !== 'string' || !input.title) return bad(400, 'title: a title is required.');
    const made = { id: `item_${things.length + 1}`, noun, title: input.title, notes: input.notes ?? null };
    things.push(made);
    return good(made);
  }
  const at = things.findIndex((thing) => thing.noun === noun && thing.id === input.id);
  const thing = things[at];
  if (!thing) return bad(404, `There is no ${noun} ${input.id}.`);
  if (verb === 'delete') things.splice(at, 1);
  if (verb === 'update') Object.assign(thing, { title: input.title ?? thing.title });
  return good(thing);
}
