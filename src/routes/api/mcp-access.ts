import type { Context, Hono, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { Hub } from '../../context.ts';
import type { AppError } from '../../errors.ts';
import { oneLine } from '../../lib/one-line.ts';
import { issuerOf, resourceOf } from '../../services/mcp-access/addresses.ts';
import { appScopes } from '../../services/mcp-access/app-request.ts';
import { registerClient } from '../../services/mcp-access/clients.ts';
import { OAuthError } from '../../services/mcp-access/oauth-error.ts';
import { type IssuedTokens, redeemCode, refreshTokens, revokeToken } from '../../services/mcp-access/tokens.ts';
import type { Env } from '../env.ts';
import { asAppError } from '../errors.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { nothingHere, unrouted } from '../not-found.ts';
import { paths } from '../paths.ts';

const wellKnown = '/.well-known';
const largest = 32 * 1024;

interface Options {
  hub: Hub;
  /** The same application without the base path: RFC 8414 and 9728 put what is well known in front of it. */
  outside: Hono<Env>;
  /** What every request outside goes through, too. */
  middleware: MiddlewareHandler<Env>[];
}

/** How apps find the hub, register and get tokens: for programs, also those that run in a page of another site. No cookie is read here. */
export function mountMcpAccess(app: Hono<Env>, { hub, outside, middleware }: Options) {
  const { basePath } = hub.config;
  const open = cors({ origin: '*', allowMethods: ['GET', 'POST'], maxAge: 3_600 });
  const [server, resource] = [serverMetadata(hub), resourceMetadata(hub)];
  app.use(`${wellKnown}/*`, open);
  app.get(`${wellKnown}/oauth-authorization-server`, (c) => c.json(server));
  app.get(`${wellKnown}/oauth-protected-resource`, (c) => c.json(resource));
  app.get(`${wellKnown}/oauth-protected-resource/mcp`, (c) => c.json(resource));
  // Apps look for more than there is, and would take the page for signing in for it.
  app.get(`${wellKnown}/*`, () => {
    throw nothingHere();
  });
  if (basePath) {
    outside.use(`${wellKnown}/*`, ...middleware, open);
    outside.get(`${wellKnown}/oauth-authorization-server${basePath}`, (c) => c.json(server));
    outside.get(`${wellKnown}/oauth-protected-resource${basePath}/mcp`, (c) => c.json(resource));
  }
  const limited = rateLimit({ hub, name: 'oauth', rate: 120 });
  const endpoints = [paths.appRegistration, paths.appToken, paths.appRevocation];
  for (const path of endpoints) app.use(path, open, limited);
  app.use(paths.appRegistration, rateLimit({ hub, name: 'oauth-register', rate: 30, per: 3_600 }));
  app.post(paths.appRegistration, (c) => register(c, hub));
  app.post(paths.appToken, (c) => token(c, hub));
  app.post(paths.appRevocation, (c) => revoke(c, hub));
  // Or the page for signing in would answer.
  for (const path of endpoints)
    app.all(path, (c) => {
      throw unrouted(app, c);
    });
}

const resourceMetadata = (hub: Hub) => ({
  resource: resourceOf(hub),
  authorization_servers: [issuerOf(hub)],
  scopes_supported: appScopes,
  bearer_methods_supported: ['header'],
  resource_name: 'Patchbay',
  resource_documentation: `${hub.config.baseUrl}${paths.docs}`,
});

const serverMetadata = (hub: Hub) => {
  const at = (path: string) => `${hub.config.baseUrl}${path}`;
  return {
    issuer: issuerOf(hub),
    authorization_endpoint: at(paths.appConsent),
    token_endpoint: at(paths.appToken),
    registration_endpoint: at(paths.appRegistration),
    revocation_endpoint: at(paths.appRevocation),
    scopes_supported: appScopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    service_documentation: at(paths.docs),
  };
};

async function register(c: Context<Env>, hub: Hub): Promise<Response> {
  const body = readJson(await textOf(c));
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new OAuthError('invalid_client_metadata', 'Send a JSON object.');
  const client = await registerClient(hub, body as Record<string, unknown>);
  c.get('log').info({ client_id: client.id }, 'an app registered');
  return c.json(
    {
      client_id: client.id,
      client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
      client_name: client.name,
      redirect_uris: client.redirectUris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: appScopes.join(' '),
    },
    201,
  );
}

async function token(c: Context<Env>, hub: Hub): Promise<Response> {
  const { field, resource, clientId } = await fieldsOf(c);
  const grant = field('grant_type');
  if (grant === 'authorization_code') {
    const sent = {
      clientId,
      code: field('code'),
      redirectUri: field('redirect_uri'),
      verifier: field('code_verifier'),
    };
    return issued(c, await redeemCode(asking(c, hub), { ...sent, resource }));
  }
  if (grant === 'refresh_token') {
    const sent = { clientId, refreshToken: field('refresh_token'), scope: field('scope') };
    return issued(c, await refreshTokens(asking(c, hub), { ...sent, resource }));
  }
  throw new OAuthError('unsupported_grant_type', 'Grant types are authorization_code and refresh_token.');
}

async function revoke(c: Context<Env>, hub: Hub): Promise<Response> {
  const { field, clientId } = await fieldsOf(c);
  await revokeToken(asking(c, hub), { clientId, token: field('token') });
  return c.body(null, 200);
}

const issued = (c: Context<Env>, { accessToken, refreshToken, expiresIn, scopes }: IssuedTokens) =>
  c.json({
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshToken,
    scope: scopes.join(' '),
  });

const asking = (c: Context<Env>, hub: Hub) => ({ hub, requestId: c.get('requestId'), ip: c.get('ip') });

/** The fields of a form; one that was sent twice is two things to two readers (RFC 6749, 3.2). */
async function fieldsOf(c: Context<Env>) {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new OAuthError('invalid_request', 'Send a form: application/x-www-form-urlencoded.');
  const sent = new URLSearchParams(await textOf(c));
  const double = [...sent.keys()].find((name) => name !== 'resource' && sent.getAll(name).length > 1);
  if (double) throw new OAuthError('invalid_request', `${oneLine(double, 40)} was sent more than once.`);
  const field = (name: string) => sent.get(name) ?? '';
  if (!field('client_id')) throw new OAuthError('invalid_client', 'Send the client_id of the registration.');
  return { field, resource: sent.getAll('resource'), clientId: field('client_id') };
}

async function textOf(c: Context<Env>): Promise<string> {
  const text = await c.req.text();
  if (text.length <= largest) return text;
  throw new OAuthError('invalid_request', 'That is more than there is to say.');
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What went wrong, as programs that ask for tokens read it (RFC 6749, 5.2). */
export function oauthErrorFor(c: Context<Env>, thrown: unknown): Response {
  if (thrown instanceof OAuthError) {
    const { error, message } = thrown;
    const status = error === 'invalid_client' ? 401 : error === 'temporarily_unavailable' ? 503 : 400;
    return c.json({ error, error_description: message }, status);
  }
  const error = asAppError(c, thrown);
  if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
  return c.json(oauthErrorOf(error), error.status);
}

export function oauthErrorOf({ status, message }: AppError) {
  const error =
    status === 429 || status === 503 ? 'temporarily_unavailable' : status < 500 ? 'invalid_request' : 'server_error';
  return { error, error_description: message };
}
