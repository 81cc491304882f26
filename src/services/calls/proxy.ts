import { v7 as uuidv7 } from 'uuid';
import type { Ctx } from '../../context.ts';
import { type LoadedDriver, ServiceError, type ServiceProxy, serviceError, type Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { addressBelow } from '../../lib/address-below.ts';
import { streamWithoutTexts } from '../../lib/passed-bodies.ts';
import { headersForCaller, headersForService, textsOf, withoutTexts } from '../../lib/passed-headers.ts';
import { type Ending, problemOf, startExecution } from '../tools/executions.ts';
import { settle } from '../tools/tools.ts';
import { mustUseConnection, type Target } from './call-targets.ts';
import { type CallReport, nothingCalled } from './calls.ts';
import { callService } from './connected-calls.ts';
import { readAhead, type Sealed } from './opened-targets.ts';

/** A request as it came, without the hub's part of its address. */
export interface PlainRequest {
  method: string;
  /** What follows the connection's id, percent-encoded as it was sent: '' or with a slash first. */
  path: string;
  /** With its question mark, or ''. */
  query: string;
  headers: Headers;
  body: ArrayBuffer | null;
}

/** The service's answer, safe to hand on; its body still streams. */
export interface PlainAnswer {
  executionId: string;
  status: number;
  headers: Headers;
  body: ReadableStream | null;
  /** Where it points to: a path below the connection's base address, or an address elsewhere. */
  location: { below: string } | { elsewhere: string } | null;
}

/** What executions of the proxy are called. */
const proxyTool = 'proxy';
const deadlineMs = 120_000;
const maxBytes = 100 * 1024 * 1024;

/**
 * Sends a plain request as the connected account, to the connection's own address and nowhere else.
 * @throws AppError not_found, malformed_request, quota_exceeded, conflict when it cannot be used or its secret does not open, service_failed when no answer came
 */
export async function passOn(
  ctx: Ctx,
  connectionId: string,
  request: PlainRequest,
  signal?: AbortSignal,
): Promise<PlainAnswer> {
  const executionId = uuidv7();
  const { method, path } = request;
  const input = { method, path, query: Object.fromEntries(new URLSearchParams(request.query)) };
  const changes = ({ proxy }: Proxied) => !onlyReads(proxy, method);
  const target = await startExecution<Target & Proxied & Ahead>(
    ctx,
    { id: executionId, tool: proxyTool, input, changes },
    async (tx) => {
      const found = await mustUseConnection(tx, ctx, connectionId);
      const proxied = proxyOf(ctx, found);
      if (!addressBelow(proxied.proxy.base(found.connector.config), path))
        throw new AppError('malformed_request', 'This path would lead out of the connection’s own address.');
      return { ...found, ...proxied, ahead: readAhead(tx, ctx, found) };
    },
  );
  const { ending, answer, refusal } = await send(ctx, target, request, { executionId, signal });
  await settle(ctx, target, executionId, ending);
  if (answer) return answer;
  if (refusal) throw refusal;
  const { message = '', retryable, retry_after_s: retryAfter } = ending.problem ?? {};
  throw new AppError('service_failed', message, {
    retryAfter,
    extra: { execution_id: executionId, outcome: ending.status, retryable },
  });
}

const onlyReads = (proxy: ServiceProxy, method: string) =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method) && !proxy.writesByGet;

interface Ahead {
  ahead: Promise<Sealed | undefined>;
}

interface Proxied {
  driver: LoadedDriver;
  proxy: ServiceProxy;
}

function proxyOf(ctx: Ctx, { connector }: Target): Proxied {
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (driver?.proxy) return { driver, proxy: driver.proxy };
  throw new AppError('conflict', `Requests of one’s own cannot be sent to ${connector.catalog.name}. Use its tools.`);
}

/** A refused credential, with the answer: the caller gets that when it cannot be renewed. */
class Refused extends ServiceError {
  readonly answer: PlainAnswer;
  constructor(answer: PlainAnswer) {
    super('credential', 'The service does not accept the credential.', { status: answer.status });
    this.answer = answer;
  }
}

async function send(
  ctx: Ctx,
  { driver, proxy, connector, connection, ahead }: Target & Proxied & Ahead,
  request: PlainRequest,
  { executionId, signal }: { executionId: string; signal?: AbortSignal },
): Promise<{ ending: Ending; answer?: PlainAnswer; refusal?: AppError }> {
  const reads = onlyReads(proxy, request.method);
  let failed: CallReport | undefined;
  try {
    const { value, report } = await callService(
      ctx,
      { driver, connector, connection, sealed: await ahead },
      { sideEffect: reads ? 'none' : 'write', getIsSafe: reads, executionId, signal, deadlineMs, maxBytes },
      async ({ config, auth, fetch }) => {
        const { url, init, secrets } = prepared(proxy, request, config, auth);
        const answer = handedOn(await fetch(url, init), url, proxy.base(config), secrets, executionId);
        if (answer.status === 401) throw new Refused(answer);
        return answer;
      },
      (report) => {
        failed = report;
      },
    );
    return { ending: { ...judged(value), report }, answer: value };
  } catch (error) {
    const report = failed ?? nothingCalled(executionId);
    if (error instanceof Refused) return { ending: { ...judged(error.answer), report }, answer: error.answer };
    // Of ours, before anything was sent: a secret that does not open, a connection that was deleted meanwhile. It says what to do.
    const refusal = error instanceof AppError ? error : undefined;
    return { ending: { ...problemOf(error, !reads), report }, refusal };
  }
}

/** The request as it leaves the hub. */
function prepared(proxy: ServiceProxy, request: PlainRequest, config: Values, auth: Values) {
  const url = addressBelow(proxy.base(config), request.path, request.query);
  if (!url) throw new AppError('malformed_request', 'This path would lead out of the connection’s own address.');
  const defaults = proxy.defaults?.(config) ?? {};
  const credential = proxy.credential(auth);
  const headers = headersForService(request.headers);
  for (const [name, value] of Object.entries(defaults.headers ?? {})) if (!headers.has(name)) headers.set(name, value);
  for (const [name, value] of Object.entries(credential.headers ?? {})) headers.set(name, value);
  for (const [name, value] of defaults.query ?? [])
    if (!url.searchParams.has(name)) url.searchParams.append(name, value);
  for (const [name, value] of Object.entries(credential.query ?? {})) url.searchParams.set(name, value);
  const init: RequestInit = { method: request.method, headers, body: request.body, redirect: 'manual' };
  return { url, init, secrets: textsOf(credential) };
}

function handedOn(response: Response, url: URL, base: string, secrets: string[], executionId: string): PlainAnswer {
  return {
    executionId,
    status: response.status,
    headers: headersForCaller(response.headers, secrets),
    body: response.body && streamWithoutTexts(response.body, secrets),
    location: locationOf(withoutTexts(response.headers.get('location') ?? '', secrets), url, base),
  };
}

function locationOf(location: string, url: URL, base: string): PlainAnswer['location'] {
  const to = location ? URL.parse(location, url.href) : null;
  if (!to) return null;
  const folder = new URL(base).pathname.replace(/\/+$/, '');
  const rest =
    to.origin === url.origin && to.pathname.startsWith(`${folder}/`) ? to.pathname.slice(folder.length) : null;
  return rest !== null && addressBelow(base, rest) ? { below: rest + to.search } : { elsewhere: to.href };
}

/** In the history a refusal counts as a failure, although it is an answer. */
function judged({ status, headers }: PlainAnswer): Omit<Ending, 'report'> {
  const output = { status, content_type: headers.get('content-type') };
  if (status < 400) return { status: 'succeeded', output };
  const error = serviceError(new Response(null, { status }));
  return {
    status: 'failed',
    output,
    problem: { code: `service_${error.fault}`, message: error.message, retryable: !error.permanent },
  };
}
