/** A request before it is sent, its body read. */
export interface Message {
  url: URL;
  method: string;
  headers: Headers;
  body: Uint8Array | null;
  redirect: NonNullable<RequestInit['redirect']>;
  signal?: AbortSignal | null;
}

/** What `fetch` takes, read. The common forms are read as the platform would, without its objects in between, which cost more than the rest. */
export async function messageOf(input: string | URL | Request, init: RequestInit = {}): Promise<Message> {
  const { method = 'GET', body = null, redirect = 'follow', signal } = init;
  const plain = !(input instanceof Request) && ['GET', 'POST', 'PUT', 'DELETE'].includes(method);
  if (
    !plain ||
    !(body === null || typeof body === 'string' || body instanceof Uint8Array) ||
    (method === 'GET' && body !== null)
  )
    return read(input, new Request(input, init));
  const headers = new Headers(init.headers);
  if (typeof body === 'string' && !headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
  const bytes = typeof body === 'string' ? Buffer.from(body.toWellFormed()) : body;
  return { url: new URL(input), method, headers, body: bytes, redirect, signal };
}

/** The signal of a request fires only while the request is there, and so on back to its sources: whoever holds the one holds the others. */
const held = new WeakMap<AbortSignal, unknown[]>();

async function read(input: string | URL | Request, request: Request): Promise<Message> {
  held.set(request.signal, [input, request]);
  const body = request.body ? new Uint8Array(await request.arrayBuffer()) : null;
  const { method, headers, redirect, signal } = request;
  return { url: new URL(request.url), method, headers, body, redirect, signal };
}
