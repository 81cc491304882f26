import type { Hub } from '../../context.ts';
import { findClient, type McpClient } from '../../db/queries/mcp-apps.ts';
import { AppError } from '../../errors.ts';
import type { Scope } from '../api-keys/scopes.ts';
import { issuerOf, requireOwnResource } from './addresses.ts';
import { OAuthError } from './oauth-error.ts';
import { isRegistered, redirectProblem, withAnswer } from './redirect-addresses.ts';

/** What an app can be let in for; the first is what listing tools takes. */
export const appScopes = ['tools:read', 'tools:execute'] as const satisfies Scope[];

/** An app’s request to be let in, found to be in order. */
export interface AppRequest {
  client: McpClient;
  redirectUri: string;
  /** SHA-256 of the verifier that the app keeps, base64url. */
  challenge: string;
  scopes: Scope[];
  state: string | null;
}

/**
 * A request that is wrong in something but the address to answer at. People read of it here and go back by themselves: anybody can
 * register an address, and a hub that sent people on to it at once would lend its name to every link (RFC 9700, 4.11.2).
 */
export class RefusedRequest extends Error {
  /** Back to the app, with what was wrong. */
  readonly back: string;

  constructor(message: string, back: string) {
    super(message);
    this.name = 'RefusedRequest';
    this.back = back;
  }
}

const known = [
  ...['client_id', 'redirect_uri', 'response_type', 'state', 'scope'],
  ...['code_challenge', 'code_challenge_method'],
];
const mostOfState = 1_000;

/**
 * Reads what an app sent somebody here with (RFC 6749, 4.1.1; RFC 7636; RFC 8707).
 * @throws AppError malformed_request when nobody may be sent back there, RefusedRequest for the rest
 */
export async function readAppRequest(hub: Hub, sent: URLSearchParams): Promise<AppRequest> {
  const client = await findClient(hub.db.system, sent.get('client_id') ?? '');
  if (!client) throw unknown();
  const redirectUri = sent.get('redirect_uri') ?? '';
  const once = ['client_id', 'redirect_uri'].every((name) => sent.getAll(name).length === 1);
  if (!once || redirectProblem(redirectUri) || !isRegistered(client.redirectUris, redirectUri)) throw unregistered();
  try {
    return { client, redirectUri, ...readRest(hub, sent) };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const answer = { error: error.error, error_description: error.message, state: stateIn(sent), iss: issuerOf(hub) };
    throw new RefusedRequest(error.message, withAnswer(redirectUri, answer));
  }
}

function readRest(hub: Hub, sent: URLSearchParams): Omit<AppRequest, 'client' | 'redirectUri'> {
  const double = known.find((name) => sent.getAll(name).length > 1);
  if (double) throw new OAuthError('invalid_request', `${double} was given more than once.`);
  if (sent.get('response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'The only response_type is code.');
  if (sent.get('code_challenge_method') !== 'S256')
    throw new OAuthError('invalid_request', 'PKCE is needed, with the code_challenge_method S256.');
  const challenge = sent.get('code_challenge') ?? '';
  if (!/^[\w-]{43}$/.test(challenge))
    throw new OAuthError('invalid_request', 'The code_challenge is not a SHA-256 in base64url.');
  const state = sent.get('state');
  if (state && state.length > mostOfState) throw new OAuthError('invalid_request', 'The state is too long.');
  requireOwnResource(hub, sent.getAll('resource'));
  return { challenge, state, scopes: scopesIn(sent.get('scope')) };
}

const stateIn = (sent: URLSearchParams) => {
  const [state = null, ...more] = sent.getAll('state');
  return more.length || (state && state.length > mostOfState) ? null : state;
};

/** What is asked for beside the known is not given, and the answer says what was. None means all. */
function scopesIn(text: string | null): Scope[] {
  const asked = (text ?? '').split(' ').filter(Boolean);
  if (!asked.length) return [...appScopes];
  const given = appScopes.filter((scope) => asked.includes(scope));
  if (!given.length) throw new OAuthError('invalid_scope', `The scopes are ${appScopes.join(' and ')}.`);
  // Calling needs to know what there is.
  return given.includes('tools:execute') ? [...appScopes] : given;
}

const unknown = () =>
  new AppError(
    'malformed_request',
    'This app is not known here: its registration is wrong or too old. Go back to the app and connect once more.',
  );

const unregistered = () =>
  new AppError(
    'malformed_request',
    'The app asks to be answered at an address that it has not registered, so nobody is sent there. Go back to the app and connect once more.',
  );
