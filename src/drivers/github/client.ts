import type { Octokit } from '@octokit/core';
import { type ExecutionContext, faultOf, retryAfterMs, ServiceError, type ServiceFault } from '../driver.ts';

/** GitHub's own client over the guarded fetch, as the connected account. */
async function clientOf({ config, auth, fetch, signal }: ExecutionContext): Promise<Octokit> {
  const { Octokit } = await import('@octokit/core'); // late: only who uses GitHub pays for it
  return new Octokit({
    auth: String(auth.access_token ?? ''),
    baseUrl: String(config.api_url ?? 'https://api.github.com').replace(/\/$/, ''),
    userAgent: 'patchbay',
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    request: { fetch, signal, headers: { 'x-github-api-version': config.api_version ?? '2022-11-28' } },
  });
}

interface Answered {
  status: number;
  url: string;
  headers: Record<string, string | number | undefined>;
  data: unknown;
}

/**
 * Sends `METHOD /path/{with}/{parameters}`; further parameters become the query or the body.
 * @throws ServiceError with what GitHub said
 */
export async function ask(
  context: ExecutionContext,
  route: string,
  parameters: Record<string, unknown> = {},
): Promise<Answered> {
  requireNames(route, parameters);
  const octokit = await clientOf(context);
  const answer = await octokit.request(route, parameters).catch((error: unknown) => {
    throw explained(error);
  });
  // The client hands out what it cannot read as text, and half an answer when the connection breaks.
  if (answer.status === 204 || (typeof answer.data === 'object' && answer.data !== null)) return answer as Answered;
  throw new ServiceError(
    'service',
    'What answered is not GitHub: it sent something that is no JSON. Check the API address.',
    {
      status: answer.status,
      field: 'config.api_url',
    },
  );
}

/** Encoding leaves dots as they are, and in an address these are steps: the request would go to another route. @throws ServiceError */
function requireNames(route: string, parameters: Record<string, unknown>): void {
  for (const [, name = ''] of route.matchAll(/\{(\w+)\}/g))
    if (['.', '..'].includes(String(parameters[name])))
      throw new ServiceError('input', 'Nothing at GitHub has a name of dots alone.', { field: name });
}

interface HttpError {
  status: number;
  response?: { headers?: Record<string, string>; data?: { message?: string; errors?: unknown[] } };
}

function explained(error: unknown): unknown {
  const { status, response } = error as HttpError;
  // The client gives aborts and broken connections a status as well; only an answer of GitHub's has a response.
  if (!response) return (error as Error).cause ?? error;
  const headers = new Headers(Object.entries(response.headers ?? {}).map(([name, value]) => [name, String(value)]));
  const said = [response.data?.message, ...(response.data?.errors ?? []).map(problem)].filter(Boolean).join(' ');
  const fault = limited(status, headers, said) ? 'rate_limited' : faultOf(status);
  return new ServiceError(fault, `${sentences[fault]}: ${said || `HTTP ${status}`}`, {
    status,
    retryAfterMs: retryAfterMs(headers) ?? resetMs(headers, fault),
    cause: error,
  });
}

const sentences: Record<ServiceFault, string> = {
  credential: 'GitHub does not accept the token. Connect the account again, or enter a new token',
  permission: 'The token may not do this. Give it the scope or the repository that it needs',
  input: 'GitHub refuses the request',
  not_found: 'GitHub does not know this, or the token may not see it',
  conflict: 'GitHub refuses this in its current state',
  rate_limited: 'GitHub’s limit of calls is reached',
  service: 'GitHub failed',
};

/** Limits come as 403 as well as 429: the primary one with nothing left, the secondary one with Retry-After or in words. */
const limited = (status: number, headers: Headers, said: string) =>
  status === 429 ||
  (status === 403 &&
    (headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after') || /rate limit/i.test(said)));

const resetMs = (headers: Headers, fault: ServiceFault) => {
  const at = Number(headers.get('x-ratelimit-reset') ?? Number.NaN) * 1000;
  return fault === 'rate_limited' && Number.isFinite(at) ? Math.max(0, at - Date.now()) : undefined;
};

function problem(each: unknown): string {
  if (typeof each === 'string') return each;
  const { message, field, code } = (each ?? {}) as Record<string, unknown>;
  return message ? String(message) : [field, code].filter(Boolean).map(String).join(' is ');
}

/** Whether a Link header names a next page (RFC 8288). */
export const hasNext = ({ headers }: Answered): boolean => /\brel="next"/.test(String(headers.link ?? ''));
