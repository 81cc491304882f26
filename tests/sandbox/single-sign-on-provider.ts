import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Interaction, type Context as OidcContext } from 'oidc-provider';

/** Who can sign in there: claims by the name that the provider knows them by. */
export type Directory = Record<string, Record<string, unknown>>;

interface Options {
  port?: number;
  redirectUri: string;
  /** `auto` signs in whoever `person` names and consents for them (`deny` says no); `forms` asks a browser. */
  mode?: 'auto' | 'forms';
  people: Directory;
  /** As most providers do it; else claims are told by userinfo alone. */
  claimsInToken?: boolean;
}

export interface SingleSignOnProvider {
  issuer: string;
  env: ReturnType<typeof providerEnv>;
  people: Directory;
  /** Who it is in mode `auto`. */
  person: string;
  close(): Promise<void>;
}

const client = { client_id: 'patchbay', client_secret: 'sso-secret-not-a-real-one-0123456789' };

/** The variables of a hub that uses the provider at this address. */
export const providerEnv = (issuer: string) => ({
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: client.client_id,
  OIDC_CLIENT_SECRET: client.client_secret,
  OIDC_NAME: 'Acme login',
  OIDC_SCOPES: 'openid profile email groups',
});

/** An OpenID Connect provider on a certified implementation, with people and groups, on loopback. */
export async function startSingleSignOnProvider(options: Options): Promise<SingleSignOnProvider> {
  const { port = 0, redirectUri, mode = 'auto', people, claimsInToken = true } = options;
  let handle: ReturnType<Provider['callback']> = async () => {};
  const server = createServer((req, res) => void handle(req, res));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: [redirectUri] }],
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups', 'realm'] },
    conformIdTokenClaims: !claimsInToken,
    cookies: { keys: [randomBytes(16).toString('hex')] },
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: mode === 'forms' } },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    ...(mode === 'auto' && { interactions: { url: (_c: unknown, { uid }: Interaction) => `/interaction/${uid}` } }),
    renderError: (context: { body?: unknown }, error: Record<string, unknown>) => {
      context.body = error;
    },
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ ...people[accountId], sub: accountId }),
    }),
  });
  const started: SingleSignOnProvider = {
    issuer,
    env: providerEnv(issuer),
    people,
    person: Object.keys(people)[0] ?? '',
    close: () => close(server),
  };
  if (mode === 'auto') provider.use((context, next) => decide(provider, started.person, context, next));
  handle = provider.callback();
  return started;
}

const signingKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg: 'RS256',
});

/** Signs in and consents in place of a person, one step of the provider's at a time. */
async function decide(provider: Provider, who: string, context: OidcContext, next: () => Promise<void>) {
  if (!context.path.startsWith('/interaction/')) return next();
  const { req, res } = context;
  const interaction = await provider.interactionDetails(req, res);
  context.respond = false;
  await provider.interactionFinished(req, res, await decision(provider, interaction, who));
}

async function decision(provider: Provider, { prompt, params }: Interaction, who: string) {
  if (who === 'deny') return { error: 'access_denied', error_description: 'The person said no.' };
  if (prompt.name === 'login') return { login: { accountId: who } };
  const grant = new provider.Grant({ accountId: who, clientId: String(params.client_id) });
  grant.addOIDCScope(params.scope ?? '');
  return { consent: { grantId: await grant.save() } };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
