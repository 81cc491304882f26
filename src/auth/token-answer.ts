import type { OAuthProvider } from '../drivers/execution.ts';
import { fitsHeader, unfitForHeader } from '../lib/header-text.ts';
import { TokenError, type TokenFault } from './token-error.ts';

type Quirks = NonNullable<OAuthProvider['quirks']>;
type Fields = Record<string, unknown>;

/**
 * A token endpoint's answer as RFC 6749, section 5.1, has it, whatever the service made of that.
 * @throws TokenError for every answer that holds no usable token
 */
export async function tokenAnswer(response: Response, quirks: Quirks = {}): Promise<Fields & { access_token: string }> {
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    throw new TokenError('unreadable', 'sent a redirect instead of tokens', { status });
  }
  const text = await response.text();
  const fields = fieldsIn(text, response.headers.get('content-type') ?? '', quirks);
  if (!fields) throw notAnAnswer(response, text);
  const error = errorIn(fields, quirks);
  if (error !== null || !response.ok) throw refusal(response, fields, error ?? '', quirks);
  return granted(fields, status, quirks);
}

function fieldsIn(text: string, type: string, { formEncoded }: Quirks): Fields | null {
  if (formEncoded && type.includes('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}

function notAnAnswer({ status, headers }: Response, text: string): TokenError {
  const fault = faultOfStatus(status);
  const page = /^\s*<(!doctype|html)/i.test(text) || headers.get('content-type')?.includes('html');
  const what = !text ? 'an empty answer' : page ? 'a web page' : 'something that is not JSON';
  return new TokenError(fault, `sent ${what} instead of tokens (HTTP ${status})`, { status });
}

/** Errors count whatever the status: some services send them with 200. */
function errorIn({ error, ok, access_token }: Fields, { errorsAs200 }: Quirks): string | null {
  if (errorsAs200 === 'ok_false' && ok === false) return typeof error === 'string' ? error : '';
  return typeof error === 'string' && typeof access_token !== 'string' ? error : null;
}

function refusal(
  { status, headers }: Response,
  fields: Fields,
  error: string,
  { errorCodes = {} }: Quirks,
): TokenError {
  const code = /^[\w.-]{1,60}$/.test(error) ? error : undefined;
  const fault = faultOfCode[errorCodes[error] ?? error] ?? (status === 401 ? 'client' : faultOfStatus(status));
  const said = typeof fields.error_description === 'string' ? plain(fields.error_description) : '';
  const words = [code, said].filter(Boolean).join(': ');
  return new TokenError(fault, `${refusals[fault]} (${words || `HTTP ${status}`})`, {
    status,
    code,
    retryAfterMs: Number(headers.get('retry-after')) * 1000 || undefined,
  });
}

/** RFC 6749, section 5.2, and RFC 6749, section 4.1.2.1, for what may be temporary. */
const faultOfCode: Record<string, TokenFault | undefined> = {
  invalid_grant: 'grant',
  invalid_client: 'client',
  unauthorized_client: 'client',
  invalid_request: 'refused',
  invalid_scope: 'refused',
  unsupported_grant_type: 'refused',
  temporarily_unavailable: 'failed',
  server_error: 'failed',
};

const refusals: Record<TokenFault, string> = {
  grant: 'does not accept what it was given for a token',
  client: 'does not accept the client ID and secret',
  refused: 'refuses the request',
  rate_limited: 'asks for fewer requests',
  unreadable: 'refuses the request',
  failed: 'failed',
};

function faultOfStatus(status: number): TokenFault {
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'unreadable';
}

/** One line of the service's own words. It is cut once the secrets are out of it: half of one would not be known as such. */
const plain = (text: string) =>
  text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .replace(/[.\s]+$/, '');

function granted(answer: Fields, status: number, quirks: Quirks): Fields & { access_token: string } {
  // Who is connected is asked from the service's API, so an ID token is not looked at.
  const { id_token: _unused, ...top } = answer;
  const inner = quirks.nestedToken && !top.access_token ? top[quirks.nestedToken] : undefined;
  const fields = { ...top, ...(typeof inner === 'object' ? inner : {}) } as Fields;
  const { access_token, token_type } = fields;
  if (typeof access_token !== 'string' || !access_token)
    throw new TokenError('unreadable', 'sent an answer without an access token', { status });
  if (!fitsHeader(access_token))
    throw new TokenError('unreadable', `sent an access token that ${unfitForHeader}`, { status });
  if (String(token_type).toLowerCase() === 'bearer') return { ...fields, access_token };
  if (quirks.tokenType === 'bearer') return { ...fields, access_token, token_type: 'Bearer' };
  const what = typeof token_type === 'string' ? `of the unknown type “${plain(token_type)}”` : 'without a type';
  throw new TokenError('unreadable', `sent a token ${what}`, { status });
}
