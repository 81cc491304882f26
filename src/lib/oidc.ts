import type { Configuration, CustomFetch, IDToken, ServerMetadata } from 'openid-client';
import { isLoopback } from './loopback.ts';
import { once } from './once.ts';

type Library = typeof import('openid-client');

export interface OidcSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  clientAuth: 'basic' | 'post' | null;
  /** null asks the issuer's discovery document. */
  endpoints: { authorization: string; token: string; jwks: string; userinfo: string | null } | null;
  scopes: string;
}

/** What one sign-in is bound to. */
export interface Attempt {
  redirectUri: string;
  state: string;
  nonce: string;
  /** Of PKCE (RFC 7636). */
  verifier: string;
}

export interface Claims {
  sub: string;
  [name: string]: unknown;
}

/** What ended a sign-in at the provider. */
export type OidcFault =
  /** The person, or the provider on behalf of them, said no. */
  | 'denied'
  /** The provider refused the request for another reason; `detail` is the code of RFC 6749, 4.1.2.1. */
  | 'refused'
  /** The provider does not know this hub, or not by this secret. */
  | 'client_refused'
  | 'unreachable'
  /** An answer that is none of OpenID Connect. */
  | 'unreadable'
  /** An answer whose signature, issuer, audience, nonce or time is wrong. */
  | 'untrusted';

/** The message is for the log: it tells what was wrong, and holds no token and no code. */
export class OidcError extends Error {
  override name = 'OidcError';
  readonly fault: OidcFault;
  /** A code that the provider sent; only characters of such codes. */
  readonly detail: string;

  constructor(fault: OidcFault, message: string, detail = '') {
    super(message);
    this.fault = fault;
    this.detail = detail;
  }
}

export interface OidcClient {
  /** Where to send the browser. @throws OidcError */
  authorizationUrl(attempt: Attempt): Promise<URL>;
  /**
   * What the provider vouches for: the ID token's claims and, when these are not enough, its userinfo's.
   * @param answer the query that the browser came back with
   * @throws OidcError
   */
  redeem(attempt: Attempt, answer: URLSearchParams, enough: (claims: Claims) => boolean): Promise<Claims>;
}

const clockSkewSeconds = 30;
/** OpenID Connect Core 1.0, section 2. */
const maxSubLength = 255;
const signatures = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
];

/**
 * A relying party of OpenID Connect Core 1.0 (code flow with PKCE S256). Nothing is asked before the first sign-in, and what could
 * not be asked is asked again.
 * @param fetch the way out
 * @param options.timeoutSeconds for each answer of the provider as a whole
 */
export function createOidcClient(settings: OidcSettings, fetch: CustomFetch, { timeoutSeconds = 10 } = {}): OidcClient {
  const library = once(() => import('openid-client'));
  const provider = once(async () => configure(await library(), settings, complete(fetch, timeoutSeconds)));

  return {
    async authorizationUrl({ redirectUri, state, nonce, verifier }) {
      const oidc = await library();
      const config = await provider();
      return oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: settings.scopes,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
    },

    async redeem({ redirectUri, state, nonce, verifier }, answer, enough) {
      const oidc = await library();
      const config = await provider();
      return explained(oidc, async () => {
        const checks = {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        };
        const tokens = await oidc.authorizationCodeGrant(config, new URL(`${redirectUri}?${answer}`), checks);
        const claims = tokens.claims() as IDToken;
        if (!claims.sub || claims.sub.length > maxSubLength)
          throw new OidcError('untrusted', 'The claim sub is empty or longer than 255 characters.');
        if (enough(claims) || !config.serverMetadata().userinfo_endpoint) return claims;
        return { ...(await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
      });
    },
  };
}

/**
 * Answers are read to their end within the time. A signal is not enough: once the headers are there nobody holds it any more, and it
 * may be collected before it fires.
 */
const complete =
  (fetch: CustomFetch, seconds: number): CustomFetch =>
  async (url, options) => {
    const deadline = new AbortController();
    const late = new OidcError('unreachable', `No complete answer came in ${seconds} seconds.`);
    const timer = setTimeout(() => deadline.abort(late), seconds * 1000);
    try {
      const answer = await fetch(url, { ...options, signal: deadline.signal });
      const body = answer.body?.pipeThrough(new TransformStream(), { signal: deadline.signal });
      return new Response(body ? await new Response(body).arrayBuffer() : null, answer);
    } finally {
      clearTimeout(timer);
    }
  };

async function configure(oidc: Library, settings: OidcSettings, fetch: CustomFetch): Promise<Configuration> {
  const { issuer, clientId, endpoints } = settings;
  const metadata = endpoints ? known(issuer, endpoints) : await discovered(oidc, settings, fetch);
  const basic = metadata.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true;
  const method = settings.clientAuth ?? (basic ? 'basic' : 'post');
  const auth = method === 'basic' ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
  const client = { [oidc.clockTolerance]: clockSkewSeconds };
  const config = new oidc.Configuration(metadata, clientId, client, auth(settings.clientSecret));
  config[oidc.customFetch] = fetch;
  // By itself the library trusts what came over TLS from the token endpoint without looking at the signature.
  oidc.enableNonRepudiationChecks(config);
  if (addresses(metadata).some(isPlain)) oidc.allowInsecureRequests(config);
  return config;
}

const known = (issuer: string, endpoints: NonNullable<OidcSettings['endpoints']>): ServerMetadata => ({
  issuer,
  authorization_endpoint: endpoints.authorization,
  token_endpoint: endpoints.token,
  jwks_uri: endpoints.jwks,
  ...(endpoints.userinfo && { userinfo_endpoint: endpoints.userinfo }),
  id_token_signing_alg_values_supported: signatures,
});

async function discovered(oidc: Library, { issuer, clientId }: OidcSettings, fetch: CustomFetch) {
  const found = await explained(
    oidc,
    () =>
      oidc.discovery(new URL(issuer), clientId, undefined, undefined, {
        [oidc.customFetch]: fetch,
        execute: isPlain(issuer) ? [oidc.allowInsecureRequests] : [],
      }),
    'unreadable',
  );
  const metadata = found.serverMetadata();
  if (!metadata.authorization_endpoint || !metadata.token_endpoint || !metadata.jwks_uri)
    throw new OidcError(
      'unreadable',
      'The discovery document names no authorization_endpoint, token_endpoint or jwks_uri.',
    );
  if (addresses(metadata).some((address) => isPlain(address) && !isLoopback(new URL(address).hostname)))
    throw new OidcError('unreadable', 'The discovery document names an http address that is not on this machine.');
  return metadata;
}

const addresses = ({ issuer, authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint }: ServerMetadata) =>
  [issuer, authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint].flatMap((address) => address ?? []);

const isPlain = (address: string) => !address.startsWith('https:');

async function explained<T>(oidc: Library, work: () => Promise<T>, otherwise: OidcFault = 'untrusted'): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(oidc, error, otherwise);
  }
}

const unreadable = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR']);

function explain(oidc: Library, error: unknown, otherwise: OidcFault): OidcError {
  if (error instanceof OidcError) return error;
  if (error instanceof oidc.AuthorizationResponseError) return explainAnswer(codeIn(error.error));
  if (error instanceof oidc.WWWAuthenticateChallengeError)
    return new OidcError('client_refused', `The provider answered ${error.status} and asked for authentication.`);
  if (error instanceof oidc.ResponseBodyError) {
    const code = codeIn(error.error);
    const fault = /^(invalid|unauthorized)_client$/.test(code) ? 'client_refused' : 'refused';
    return new OidcError(fault, `The provider answered ${error.status}: ${code}.`, code);
  }
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (unreadable.has(code)) return new OidcError('unreadable', `${message} (${code})`);
  const missing = error instanceof oidc.ClientError && code && code !== 'OAUTH_TIMEOUT';
  if (missing) return new OidcError(otherwise, `${innermost(error)} (${code})`);
  return new OidcError('unreachable', `The provider did not answer: ${innermost(error)}`);
}

function explainAnswer(code: string): OidcError {
  if (code === 'access_denied') return new OidcError('denied', 'The provider answered access_denied.', code);
  const busy = code === 'temporarily_unavailable' || code === 'server_error';
  return new OidcError(busy ? 'unreachable' : 'refused', `The provider answered ${code}.`, code);
}

/** The library tells its own words in messages, and what it was sent in causes: only the former are told on. */
function innermost(error: unknown): string {
  let told = '';
  for (let at = error; at instanceof Error; at = at.cause) told = at.message;
  return told;
}

/** Anybody can write the query that a browser comes with. */
const codeIn = (text: unknown) => (typeof text === 'string' && /^[a-z_]{1,60}$/.test(text) ? text : 'an unknown error');
