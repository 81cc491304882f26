import { type ExecutionContext, ServiceError, type ServiceFault } from './execution.ts';

/** The fault that an HTTP status stands for (RFC 9110, section 15). */
export function faultOf(status: number): ServiceFault {
  if (status === 401) return 'credential';
  if (status === 403) return 'permission';
  if ([404, 410].includes(status)) return 'not_found';
  if ([409, 412].includes(status)) return 'conflict';
  if (status === 429) return 'rate_limited';
  return status >= 400 && status < 500 ? 'input' : 'service';
}

/** Milliseconds from a Retry-After header, which holds seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after');
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

const sentences: Record<ServiceFault, string> = {
  credential: 'The service does not accept the credential',
  permission: 'The credential may not do this',
  input: 'The service refuses this request',
  not_found: 'The service does not know this',
  conflict: 'The service refuses this in its current state',
  rate_limited: 'The service asks for fewer requests',
  service: 'The service failed',
};

/** An answer that is no success, as an error; `said` is what the service itself said, in its own words. The caller of the driver cuts it. */
export function serviceError(response: Response, said?: string, serviceCode?: string): ServiceError {
  const fault = faultOf(response.status);
  const detail = said?.trim() ? `: ${said.trim()}` : '';
  const message = `${sentences[fault]} (HTTP ${response.status})${detail}`;
  return new ServiceError(fault, /[.!?]$/.test(message) ? message : `${message}.`, {
    status: response.status,
    retryAfterMs: retryAfterMs(response.headers),
    serviceCode,
  });
}

/**
 * Sends a request and reads JSON.
 * @param said finds the service's own sentence in the body of a refusal
 * @throws ServiceError for every status but 2xx, and for an answer that is no JSON
 */
export async function requestJson(
  context: Pick<ExecutionContext, 'fetch' | 'signal'>,
  url: string | URL,
  init: RequestInit = {},
  said: (body: unknown) => string | undefined = messageOf,
): Promise<unknown> {
  return (await requestAnswer(context, url, init, said)).body;
}

/** The same with the answer's headers, for services that tell something there. @throws ServiceError */
export async function requestAnswer(
  { fetch, signal }: Pick<ExecutionContext, 'fetch' | 'signal'>,
  url: string | URL,
  init: RequestInit = {},
  said: (body: unknown) => string | undefined = messageOf,
): Promise<{ body: unknown; headers: Headers }> {
  const headers = new Headers({ accept: 'application/json' });
  for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
  const response = await fetch(url, { signal, ...init, headers });
  const text = await response.text();
  const body = parsed(text);
  if (!response.ok) throw serviceError(response, said(body));
  if (body === undefined && text)
    throw new ServiceError('service', 'The service answered something that is not JSON. Check the address.', {
      status: response.status,
    });
  return { body, headers: response.headers };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The usual places of a sentence in an error document. */
export function messageOf(body: unknown): string | undefined {
  const { message, detail, error_description, error, title } = (body ?? {}) as Record<string, unknown>;
  const inner = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error;
  return [message, detail, error_description, inner, title].find((each) => typeof each === 'string') as
    | string
    | undefined;
}
