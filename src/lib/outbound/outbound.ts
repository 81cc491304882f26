import type { Readable } from 'node:stream';
import { firstOf } from '../signals.ts';
import { Agents, type TlsSettings } from './agents.ts';
import type { OutboundPolicy } from './connect.ts';
import { explain, OutboundError } from './errors.ts';
import { type Answer, exchange } from './exchange.ts';
import { type Message, messageOf } from './message.ts';
import { isOtherServices } from './ports.ts';

export type { TlsSettings } from './agents.ts';
export type { OutboundPolicy } from './connect.ts';
export { OutboundError } from './errors.ts';

export interface OutboundOptions {
  tls?: TlsSettings;
  signal?: AbortSignal;
  /** Bytes of the decoded answer; 10 MB unless told. */
  maxBytes?: number;
  /** Whether this origin may be asked, also after a redirect. Origins are the ones everybody knows, before any override. */
  mayCall?(origin: string): boolean;
}

/** The one way out of the hub over HTTP. */
export interface Outbound {
  readonly policy: OutboundPolicy;
  /**
   * Like `fetch`, within the policy: public addresses only, checked again at every redirect, and an answer of limited size.
   * @throws OutboundError
   */
  fetch(input: string | URL | Request, init?: RequestInit, options?: OutboundOptions): Promise<Response>;
  /** The same with what has been read already. @throws OutboundError */
  send(message: Message, options?: OutboundOptions): Promise<Response>;
  close(): Promise<void>;
}

const maxRedirects = 5;
const defaultMaxBytes = 10 * 1024 * 1024;

export function createOutbound(policy: OutboundPolicy): Outbound {
  const agents = new Agents(policy);
  return {
    policy,
    fetch: async (input, init, options = {}) => follow(agents, policy, await messageOf(input, init), options),
    send: (message, options = {}) => follow(agents, policy, message, options),
    close: () => agents.close(),
  };
}

/** What was sent first has arrived, and may have had its effect, wherever it led to. */
const afterRedirect = (error: unknown) =>
  error instanceof OutboundError ? new OutboundError(error.code, error.message, true, error) : error;

async function follow(agents: Agents, policy: OutboundPolicy, first: Message, options: OutboundOptions) {
  let message = first;
  const signal = firstOf(first.signal, options.signal);
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const answer = await send(agents, policy, message, { ...options, signal }).catch((error) => {
      throw hop ? afterRedirect(error) : error;
    });
    const location = first.redirect === 'manual' ? null : redirectOf(answer, message.url);
    if (!location) return answer;
    await answer.body?.cancel();
    message = { ...first, ...redirected(message, answer.status, location) };
  }
  throw new OutboundError('redirect_refused', `The service redirects more than ${maxRedirects} times.`, true);
}

async function send(agents: Agents, policy: OutboundPolicy, message: Message, options: OutboundOptions) {
  const { url } = message;
  if (!['http:', 'https:'].includes(url.protocol) || url.username || url.password)
    throw new OutboundError(
      'redirect_refused',
      'Only http and https addresses without user name can be called.',
      false,
    );
  if (options.mayCall && !options.mayCall(url.origin))
    throw new OutboundError(
      'redirect_refused',
      'The request would go to another address than the one that this connector was set up for.',
      false,
    );
  const target = policy.overrides.forward(url);
  if (isOtherServices(target))
    throw new OutboundError('blocked', 'This port belongs to another kind of service, so it is not called.', false);
  const dispatcher = await agents.get(options.tls, target !== url);
  try {
    const answer = await exchange(dispatcher, target, message, options.signal);
    const headers = mappedBack(answer.headers, policy, url);
    return asResponse(bodyOf(answer, options), answer.status, answer.statusText, headers, url);
  } catch (error) {
    throw explain(error);
  }
}

/** Most answers come in one piece, headers and all: those need no stream. */
type Body = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;

function bodyOf({ body, isComplete }: Answer, { maxBytes = defaultMaxBytes }: OutboundOptions): Body {
  if (isComplete() && body.readableLength <= maxBytes) return body.read() ?? new Uint8Array();
  return limit(body, maxBytes);
}

/** On an answer that came in one piece: its bytes. */
const whole = Symbol('whole');
const utf8 = new TextDecoder();

/** What the answer says; of one that came in one piece without the stream that a Response makes of it, which costs more than reading. */
export async function textOf(answer: Response & { [whole]?: Uint8Array }): Promise<string> {
  return answer[whole] ? utf8.decode(answer[whole]) : answer.text();
}

/** A Response of the platform with the address that everybody knows: clients look at its type and at its url. */
function asResponse(body: Body, status: number, statusText: string, headers: Headers, url: URL) {
  const bodiless = [101, 204, 205, 304].includes(status);
  const response = new Response(bodiless ? null : body, { status, statusText, headers });
  Object.defineProperty(response, 'url', { value: url.href });
  return body instanceof Uint8Array && !bodiless ? Object.assign(response, { [whole]: body }) : response;
}

function mappedBack(headers: Headers, { overrides }: OutboundPolicy, url: URL): Headers {
  headers.delete('content-encoding'); // it is decoded by now
  headers.delete('content-length');
  if (!overrides.size) return headers;
  const location = headers.get('location');
  const absolute = location === null ? null : URL.parse(location);
  if (absolute) headers.set('location', overrides.back(absolute, url.origin).href);
  const link = headers.get('link');
  if (link)
    headers.set(
      'link',
      link.replace(/<([^>]+)>/g, (whole, text: string) => {
        const address = URL.parse(text);
        return address ? `<${overrides.back(address, url.origin).href}>` : whole;
      }),
    );
  return headers;
}

function redirectOf({ status, headers }: Response, base: URL): URL | null {
  const location = [301, 302, 303, 307, 308].includes(status) ? headers.get('location') : null;
  return location === null ? null : URL.parse(location, base.href);
}

const notForOthers = ['authorization', 'cookie', 'proxy-authorization'];
const ofTheBody = ['content-type', 'content-length', 'content-encoding', 'content-language'];

/** The next request by the rules of RFC 9110, section 15.4: credentials stay with the origin that they were meant for. */
function redirected({ url, method, headers, body }: Message, status: number, location: URL): Omit<Message, 'redirect'> {
  const next = new Headers(headers);
  const asGet = status === 303 ? method !== 'HEAD' : [301, 302].includes(status) && method === 'POST';
  if (asGet) for (const name of ofTheBody) next.delete(name);
  if (location.origin !== url.origin) for (const name of notForOthers) next.delete(name);
  return { url: location, method: asGet ? 'GET' : method, headers: next, body: asGet ? null : body };
}

/** The body as long as it stays within its size. */
function limit(body: Readable, maxBytes: number): ReadableStream<Uint8Array> {
  let left = maxBytes;
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) return controller.close();
        left -= value.byteLength;
        if (left >= 0) return controller.enqueue(value);
        body.destroy();
        const mb = Math.round(maxBytes / 1024 / 1024);
        controller.error(new OutboundError('too_large', `The answer is larger than ${mb} MB.`, true));
      } catch (error) {
        controller.error(explain(error));
      }
    },
    cancel: () => void body.destroy(),
  });
}
