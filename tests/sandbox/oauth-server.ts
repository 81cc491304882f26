import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Interaction, type Context as OidcContext } from 'oidc-provider';
import { demo } from '../../seeds/demo.ts';
import { closeServer, forward, openFront, type StandIn } from './front.ts';
import { bearerToken } from './journal.ts';
import { OauthStore } from './oauth-store.ts';

export interface OauthClient {
  client_id: string;
  client_secret?: string;
  /** The public keys of a client that signs assertions (`private_key_jwt`). */
  jwks?: { keys: JsonWebKey[] };
  /** One that ends in `*` allows every address that begins so. */
  redirect_uris?: string[];
  token_endpoint_auth_method?: string;
}

export interface OauthServerOptions {
  port?: number;
  clients?: OauthClient[];
  /** `auto` decides by itself, as `login_hint` says (an account, or `deny`); `dev` shows forms to a browser. */
  mode?: 'auto' | 'dev';
  /** Who it is in mode `auto` without a `login_hint`. */
  account?: string;
  accessTokenTtlS?: number;
}

const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials'];

/** An OAuth 2 authorisation server on a certified implementation, with a small API that its tokens open. */
export async function startOauthServer(options: OauthServerOptions = {}): Promise<StandIn> {
  const { mode = 'auto', account = 'ada', accessTokenTtlS = 3600 } = options;
  const initial = { account, access_token_ttl_s: accessTokenTtlS, rotate: true };
  const settings = { ...initial };
  const store = new OauthStore();
  const register = (client: OauthClient) => store.register(complete(client));
  const registerAll = () => (options.clients ?? [demo.client]).forEach(register);
  registerAll();
  const front = await openFront({
    port: options.port,
    tokens: store,
    settings,
    register: (client) => register(client as unknown as OauthClient),
    tokenPath: '/token',
    reset: () => {
      store.clear();
      registerAll();
      Object.assign(settings, initial);
    },
  });
  const provider = new Provider(front.url, configuration(store, mode, settings));
  provider.proxy = true; // the front tells by which address it was asked
  allowPrefixes(provider);
  if (mode === 'auto') provider.use((context, next) => decide(provider, settings, context, next));
  const { server, url } = await serveProvider(provider);
  front.app
    .get('/api/me', async (c) => {
      const token = bearerToken(c.req.header('authorization')) ?? '';
      const known = (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
      if (!known?.isValid)
        return c.json({ error: 'invalid_token' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' });
      return c.json({ account: known.accountId ?? null, client_id: known.clientId, scope: known.scope ?? '' });
    })
    .get('/api/status', (c) => c.json({ status: 'ok' }))
    .all('*', (c) => forward(c, url));
  return {
    url: front.url,
    control: front.control,
    close: async () => {
      await front.close();
      await closeServer(server);
    },
  };
}

const complete = (client: OauthClient) => ({
  redirect_uris: [],
  ...client,
  response_types: client.redirect_uris?.length ? ['code'] : [],
  grant_types: client.redirect_uris?.length ? grantTypes : ['client_credentials'],
});

interface Settings {
  account: string;
  access_token_ttl_s: number;
  rotate: boolean;
}

const configuration = (store: OauthStore, mode: string, settings: Settings) => ({
  adapter: store.adapter,
  scopes: ['openid', 'offline_access', 'read', 'write'],
  cookies: { keys: [randomBytes(16).toString('hex')] },
  jwks: { keys: [signingKey()] },
  pkce: { required: () => true },
  rotateRefreshToken: () => settings.rotate,
  // As most services do: whoever may use refresh tokens gets one, without asking for offline_access.
  issueRefreshToken: async (_context: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
    client.grantTypeAllowed('refresh_token'),
  ttl: {
    AccessToken: () => settings.access_token_ttl_s,
    ClientCredentials: () => settings.access_token_ttl_s,
    AuthorizationCode: 60,
    RefreshToken: 14 * 24 * 3600,
    Grant: 14 * 24 * 3600,
    Interaction: 3600,
    Session: 14 * 24 * 3600,
    IdToken: 3600,
  },
  features: {
    devInteractions: { enabled: mode === 'dev' },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    rpInitiatedLogout: { enabled: false },
  },
  interactions: mode === 'auto' ? { url: (_context: unknown, { uid }: Interaction) => `/interaction/${uid}` } : {},
  renderError: (context: { body?: unknown }, error: Record<string, unknown>) => {
    context.body = error;
  },
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
});

const signingKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg: 'RS256',
});

/** Redirects are compared exactly; a client whose address ends in `*` allows what begins so. */
function allowPrefixes({ Client: { prototype: client } }: Provider) {
  const exactly = client.redirectUriAllowed;
  client.redirectUriAllowed = function allowed(uri) {
    if (exactly.call(this, uri)) return true;
    return this.redirectUris.some((each) => each.endsWith('*') && uri.startsWith(each.slice(0, -1)));
  };
}

/** Signs in and consents in place of a person, one step of the provider's at a time. */
async function decide(provider: Provider, settings: Settings, context: OidcContext, next: () => Promise<void>) {
  if (!context.path.startsWith('/interaction/')) return next();
  const { req, res } = context;
  const interaction = await provider.interactionDetails(req, res);
  const who = interaction.params.login_hint ?? settings.account;
  context.respond = false;
  await provider.interactionFinished(req, res, await decision(provider, interaction, who));
}

async function decision(provider: Provider, { prompt, params, session }: Interaction, who: string) {
  if (who === 'deny') return { error: 'access_denied', error_description: 'The user denied access.' };
  if (prompt.name === 'login') return { login: { accountId: who } };
  const grant = new provider.Grant({ accountId: session?.accountId ?? who, clientId: String(params.client_id) });
  grant.addOIDCScope(params.scope ?? '');
  return { consent: { grantId: await grant.save() } };
}

function serveProvider(provider: Provider): Promise<{ server: Server; url: string }> {
  const server = createServer(provider.callback());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
    );
  });
}
