import { OutboundError } from '../../lib/outbound/errors.ts';
import { bodyWithoutTexts } from '../../lib/passed-bodies.ts';
import { faultOf, retryAfterMs, ServiceError, type ServiceFault } from '../driver.ts';
import { line, record } from './read.ts';

/** Codes whose status says something else than they do: https://docs.composio.dev/reference */
const byCode: Record<string, { fault: ServiceFault; sentence: string }> = {
  303: { fault: 'input', sentence: 'Composio has no OAuth client of its own for this toolkit. Enter one' },
  600: { fault: 'input', sentence: 'Composio does not take this way to connect any more' },
  1803: { fault: 'not_found', sentence: 'Composio does not know this account any more. Connect it again' },
  1812: { fault: 'permission', sentence: 'This account belongs to somebody else at Composio. Connect it again' },
};

const sentences: Record<ServiceFault, string> = {
  credential: 'Composio does not accept the API key. Enter a new one in the connector’s settings',
  permission: 'The API key may not do this at Composio',
  input: 'Composio refuses this request',
  not_found: 'Composio does not know this',
  conflict: 'Composio refuses this in its current state',
  rate_limited: 'Composio asks for fewer requests. Try again in a while',
  service: 'Composio failed',
};

/** Far more than is shown: where secrets are taken out it is cut again, and one that was cut before would not be known. */
const longest = 20_000;

/** What its own sentence would not add anything to. */
const selfEvident: ServiceFault[] = ['rate_limited', 'service'];

/**
 * Errors of the SDK wrap the one that knows the status, sometimes twice; their own message is the answer's whole JSON, so none of them goes
 * along as a cause, which would be logged.
 * @param values what was sent and may come back in a message, where nobody may read it
 */
export function explained(error: unknown, values: Record<string, unknown> = {}): unknown {
  if (error instanceof ServiceError || error instanceof OutboundError) return error;
  const refusal = refusalIn(error);
  if (refusal) return fromRefusal(refusal, values);
  if (error instanceof SyntaxError) return notJson();
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof OutboundError ? cause : error;
}

export const tookTooLong = (ms: number, cause: unknown) =>
  new OutboundError('timeout', `Composio did not answer within ${ms / 1000} s.`, true, cause);

export const notJson = () =>
  new ServiceError('service', 'Composio answered something that is not JSON. Check the base URL.');

interface Refusal {
  status: number;
  body: unknown;
  headers: Headers;
}

function refusalIn(error: unknown): Refusal | null {
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at; depth += 1) {
    const { status, error: body, headers, cause } = at as Record<string, unknown>;
    if (typeof status === 'number')
      return { status, body, headers: headers instanceof Headers ? headers : new Headers() };
    at = cause;
  }
  return null;
}

function fromRefusal({ status, body, headers }: Refusal, values: Record<string, unknown>): ServiceError {
  const told = record(record(body).error ?? body);
  const code = codeIn(told, status);
  const known = byCode[code];
  const fault = known?.fault ?? faultOf(status);
  const secrets = Object.values(values).filter((value) => typeof value === 'string');
  const said = known || selfEvident.includes(fault) ? '' : bodyWithoutTexts(line(told.message, longest), secrets);
  const sentence = `${known?.sentence ?? sentences[fault]} (${code ? `${code}, ` : ''}HTTP ${status})`;
  const message = said ? `${sentence}: ${said}` : sentence;
  return new ServiceError(fault, /[.!?…]$/.test(message) ? message : `${message}.`, {
    status,
    retryAfterMs: retryAfterMs(headers),
    ...(code && { serviceCode: code }),
    ...fieldIn(said, values, fault),
  });
}

/** Its own code, where that says more than the status. */
function codeIn({ code }: Record<string, unknown>, status: number): string {
  const text = ['string', 'number'].includes(typeof code) ? line(String(code), 60) : '';
  return text === String(status) ? '' : text;
}

/** The value that a refusal speaks of: one that was sent, or one that it names in quotes. */
function fieldIn(said: string, values: Record<string, unknown>, fault: ServiceFault): { field?: string } {
  if (fault !== 'input' || !Object.keys(values).length) return {};
  const words: string[] = said.match(/[A-Za-z][A-Za-z0-9_-]*/g) ?? [];
  const quoted = /["'`“]([a-z][a-z0-9]*(?:_[a-z0-9]+)+)["'`”]/.exec(said)?.[1];
  const field = Object.keys(values).find((name) => words.includes(name)) ?? quoted;
  return field ? { field } : {};
}
