import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { decoded } from './decoding.ts';
import type { Message } from './message.ts';

export interface Answer {
  status: number;
  statusText: string;
  headers: Headers;
  /** Decoded. */
  body: Readable;
  /** Whether the body is there already, as it is when it came together with the headers. */
  isComplete(): boolean;
}

/**
 * Sends it once and hands on what comes back, as `fetch` would, which takes three times as long for the objects in between.
 * @param signal ends it, also while its body comes
 */
export function exchange(
  dispatcher: Dispatcher,
  target: URL,
  message: Message,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { method, body } = message;
  const [path = '/'] = target.href.slice(target.origin.length).split('#');
  return new Promise((resolve, reject) => {
    let sent: Dispatcher.DispatchController | undefined;
    let arriving: Readable | undefined;
    let over = false;
    const finish = () => {
      over = true;
      signal?.removeEventListener('abort', cancel);
    };
    const fail = (error: Error) => {
      finish();
      arriving?.destroy(error);
      reject(error);
    };
    const cancel = () => {
      fail(signal?.reason);
      sent?.abort(signal?.reason);
    };
    if (signal?.aborted) return cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    const request = { origin: target.origin, path, method: method as Dispatcher.HttpMethod, body };
    dispatcher.dispatch(
      { ...request, headers: headersFor(message.headers, target) },
      {
        onRequestStart(controller) {
          sent = controller;
          if (over) controller.abort(signal?.reason);
        },
        onResponseStart(controller, status, parsed, statusText = '') {
          if (status < 200) return;
          const given = new Readable({
            read: () => controller.resume(),
            destroy(error, done) {
              if (!over) controller.abort(error ?? new Error('Nobody wants the rest of the answer.'));
              done(error);
            },
          });
          given.on('error', () => {}); // whoever reads is told; nobody has to
          arriving = given;
          const headers = headersOf(controller.rawHeaders, parsed);
          const body = method === 'HEAD' ? given : decoded(given, headers.get('content-encoding'));
          resolve({ status, statusText, headers, body, isComplete: () => over && body === given });
        },
        onResponseData(controller, chunk) {
          if (!arriving?.push(chunk)) controller.pause();
        },
        onResponseEnd() {
          finish();
          arriving?.push(null);
        },
        onResponseError: (_controller, error) => fail(error),
      },
    );
  });
}

/** With what browsers and servers expect of every client. What is said of parts of a body is said of its plain bytes. */
function headersFor(said: Headers, { protocol }: URL): Record<string, string> {
  const encodings = protocol === 'https:' ? 'br, gzip, zstd' : 'gzip';
  const { host, ...headers } = Object.fromEntries(said);
  return {
    ...{ accept: '*/*', 'accept-language': '*', 'user-agent': 'undici', 'sec-fetch-mode': 'cors' },
    'accept-encoding': said.has('range') ? 'identity' : encodings,
    ...headers,
  };
}

/** Bytes beyond ASCII stay what they are: headers are no UTF-8. */
function headersOf(
  raw: Dispatcher.DispatchController['rawHeaders'],
  parsed: Record<string, string | string[] | undefined>,
): Headers {
  const headers = new Headers();
  if (!Array.isArray(raw)) {
    for (const [name, value] of Object.entries(parsed))
      for (const each of [value].flat()) headers.append(name, each ?? '');
    return headers;
  }
  const text = (part: Buffer | string | undefined) =>
    typeof part === 'string' ? part : (part?.toString('latin1') ?? '');
  for (let at = 0; at < raw.length; at += 2) headers.append(text(raw[at]), text(raw[at + 1]));
  return headers;
}
