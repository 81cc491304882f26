import { createHash, randomBytes } from 'node:crypto';
import type { ClientAuth, Configuration } from 'openid-client';
import type { OAuthProvider } from '../drivers/execution.ts';
import { once } from '../lib/once.ts';
import { tokenAnswer } from './token-answer.ts';
import { TokenError } from './token-error.ts';

/** The hub as an application that is registered at a service. */
export interface OAuthClient {
  id: string;
  secret: string;
}

export interface AuthorizationServer {
  provider: OAuthProvider;
  endpoints: ReturnType<OAuthProvider['endpoints']>;
  client: OAuthClient;
  /** The way out; it decides which origins may get the client's secret. */
  fetch: typeof globalThis.fetch;
}

/** What one authorisation is bound to (RFC 6749, section 4.1.1). */
export interface Attempt {
  redirectUri: string;
  state: string;
  scopes: string[];
  /** Of PKCE (RFC 7636); null where the service takes none. */
  verifier: string | null;
  /** Further parameters; none of them takes the place of ours. */
  params: Record<string, string>;
}

/** What a service granted. */
export interface Granted {
  value: { access_token: string; token_type: string; refresh_token?: string; [kept: string]: unknown };
  /** Null when the answer does not tell: then it is what was asked for. */
  scopes: string[] | null;
  /** Seconds; null when it does not end, or the service does not say. */
  expiresIn: number | null;
}

export const library = once(() => import('openid-client'));

/** A secret of its own for every attempt: 43 characters, as RFC 7636 has them at least. */
export const newVerifier = (): string => randomBytes(32).toString('base64url');

/** Where to send the browser, as everybody else knows the address. */
export function authorizationUrl(
  { provider, endpoints, client }: Omit<AuthorizationServer, 'fetch'>,
  { redirectUri, state, scopes, verifier, params }: Attempt,
): URL {
  const url = new URL(endpoints.authorization);
  const own = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    ...(scopes.length && { scope: scopes.join(provider.scopeSeparator) }),
    state,
    ...(verifier && {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  };
  for (const [name, value] of Object.entries({ ...params, ...own })) url.searchParams.set(name, value);
  return url;
}

/** Exchanges a code for tokens. @throws TokenError, or what the way out throws */
export const redeemCode = (
  server: AuthorizationServer,
  { code, redirectUri, verifier }: { code: string; redirectUri: string; verifier: string | null },
): Promise<Granted> =>
  tokensBy(server, async (oauth, config) => {
    const answer = new URL(redirectUri);
    answer.searchParams.set('code', code);
    return oauth.authorizationCodeGrant(config, answer, verifier ? { pkceCodeVerifier: verifier } : undefined);
  });

/** Exchanges a refresh token for new tokens; without a new one in the answer the old one stays good. @throws TokenError, or what the way out throws */
export const refreshTokens = (server: AuthorizationServer, refreshToken: string): Promise<Granted> =>
  tokensBy(server, (oauth, config) => oauth.refreshTokenGrant(config, refreshToken));

type Library = Awaited<ReturnType<typeof library>>;

async function tokensBy(
  { provider, endpoints, client, fetch }: AuthorizationServer,
  ask: (oauth: Library, config: Configuration) => Promise<object>,
): Promise<Granted> {
  const oauth = await library();
  const metadata = { issuer: endpoints.issuer ?? new URL(endpoints.token).origin, token_endpoint: endpoints.token };
  const config = new oauth.Configuration(metadata, client.id, undefined, clientAuth(oauth, provider, client));
  return askForTokens(oauth, config, { provider, fetch }, () => ask(oauth, config));
}

/**
 * Asks a token endpoint through the library: it makes the request, and judges what the service's own ways were taken out of.
 * @throws TokenError, or what the way out throws
 */
export async function askForTokens(
  oauth: Library,
  config: Configuration,
  {
    provider,
    fetch,
  }: { provider: Pick<OAuthProvider, 'quirks' | 'keep' | 'scopeSeparator'>; fetch: typeof globalThis.fetch },
  ask: () => Promise<object>,
): Promise<Granted> {
  const { token_endpoint = '' } = config.serverMetadata();
  if (token_endpoint.startsWith('http:')) oauth.allowInsecureRequests(config);
  let failure: unknown;
  config[oauth.customFetch] = async (url, { body, ...init }) => {
    try {
      const headers = { ...init.headers, accept: 'application/json' };
      const response = await fetch(url, { ...init, headers, body: body as RequestInit['body'], redirect: 'manual' });
      return Response.json(await tokenAnswer(response, provider.quirks));
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  try {
    return asGranted((await ask()) as Record<string, unknown>, provider);
  } catch (error) {
    throw failure ?? new TokenError('unreadable', 'sent an answer that breaks the standard', { cause: error });
  }
}

function clientAuth(oauth: Library, { clientAuth: way }: OAuthProvider, { secret }: OAuthClient): ClientAuth {
  if (way === 'post') return oauth.ClientSecretPost(secret);
  return way === 'basic' ? oauth.ClientSecretBasic(secret) : basicRaw(secret);
}

/** RFC 6749, section 2.3.1, has ID and secret form-encoded first; some services take them only as they are. */
const basicRaw =
  (secret: string): ClientAuth =>
  (_server, client, _body, headers) =>
    headers.set('authorization', `Basic ${Buffer.from(`${client.client_id}:${secret}`).toString('base64')}`);

function asGranted(
  answer: Record<string, unknown>,
  { quirks, keep = [], scopeSeparator }: Pick<OAuthProvider, 'quirks' | 'keep' | 'scopeSeparator'>,
): Granted {
  const { access_token, refresh_token, scope, expires_in } = answer;
  const kept = keep.flatMap((name) => (answer[name] === undefined ? [] : [[name, answer[name]]]));
  return {
    value: {
      ...Object.fromEntries(kept),
      access_token: String(access_token),
      token_type: 'Bearer',
      ...(typeof refresh_token === 'string' && { refresh_token }),
    },
    scopes: typeof scope === 'string' ? split(scope, quirks?.scopeSeparator ?? scopeSeparator) : null,
    expiresIn: typeof expires_in === 'number' ? expires_in : null,
  };
}

const split = (text: string, separator: string) =>
  text
    .split(separator)
    .map((each) => each.trim())
    .filter(Boolean);
