import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import type OpenAI from 'openai';
import { streamWithoutTexts } from '../../lib/passed-bodies.ts';
import { type ExecutionContext, faultOf, retryAfterMs, ServiceError, type ServiceFault } from '../driver.ts';
import { defaultBase, llm } from './llm.ts';

/** Connectors whose clients are kept; beyond that the longest unused one is made anew. */
const maxClients = 200;

interface Kept {
  client: OpenAI;
  /** Of the credential, and of everything else that a client is made with. */
  fingerprint: string;
}

/** By connector, the longest unused first. */
const clients = new Map<string, Kept>();

interface Call {
  context: ExecutionContext;
  /** How the way to the provider failed, as the client would not tell it. */
  failure?: unknown;
}

/** A client serves many calls, and each of them has a guarded fetch of its own. */
const calls = new AsyncLocalStorage<Call>();

async function guardedFetch(...request: Parameters<typeof fetch>): Promise<Response> {
  const call = calls.getStore();
  if (!call) throw new Error('The client was used outside of a call.');
  try {
    return withoutKey(await call.context.fetch(...request), call.context);
  } catch (error) {
    call.failure = error;
    throw error;
  }
}

/** Some providers, or what stands in front of them, say back the key that they were sent. */
function withoutKey(response: Response, { auth }: ExecutionContext): Response {
  const keys = [auth.api_key, auth.access_token].filter((each) => typeof each === 'string');
  if (!response.body || !keys.length) return response;
  const body = streamWithoutTexts(response.body as ReadableStream<Uint8Array>, keys);
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

/** OpenAI's own client for this connector, kept as long as its credential, TLS and other settings stay the same. */
async function clientOf({ connectorId, config, auth, tls }: ExecutionContext): Promise<OpenAI> {
  const settings = {
    apiKey: String(auth.access_token ?? auth.api_key ?? ''),
    // Null, because the client takes what it is not told from the environment.
    ...{ adminAPIKey: null, webhookSecret: null },
    organization: config.organization ? String(config.organization) : null,
    project: config.project ? String(config.project) : null,
    baseURL: String(config.base_url ?? defaultBase).replace(/\/+$/, ''),
    timeout: llm.timeoutMs(config),
  };
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([settings, tls]))
    .digest('base64');
  const found = connectorId === null ? undefined : clients.get(connectorId);
  if (found?.fingerprint === fingerprint) return keep(connectorId, found);
  const { OpenAI } = await import('openai'); // late: only who uses it pays for it
  const client = new OpenAI({ ...settings, maxRetries: 0, logLevel: 'off', fetch: guardedFetch });
  return keep(connectorId, { client, fingerprint });
}

function keep(connectorId: string | null, kept: Kept): OpenAI {
  if (connectorId === null) return kept.client;
  clients.delete(connectorId);
  clients.set(connectorId, kept);
  const [oldest] = clients.keys();
  if (clients.size > maxClients && oldest !== undefined) clients.delete(oldest);
  return kept.client;
}

/** Forgets the client of a connector whose settings change, or all of them when the hub stops. */
export async function release(connectorId?: string): Promise<void> {
  if (connectorId === undefined) clients.clear();
  else clients.delete(connectorId);
}

/**
 * Runs something with the client.
 * @throws ServiceError with what the provider said, or how the way to it failed
 */
export async function withOpenai<T>(context: ExecutionContext, work: (client: OpenAI) => PromiseLike<T>): Promise<T> {
  const client = await clientOf(context);
  const call: Call = { context };
  try {
    return await calls.run(call, () => work(client));
  } catch (error) {
    throw await explained(error, call);
  }
}

async function explained(error: unknown, { failure }: Call): Promise<unknown> {
  const { APIError } = await import('openai');
  if (failure) return failure;
  if (error instanceof SyntaxError) return unreadable(error);
  if (!(error instanceof APIError) || error.status === undefined) return error;
  const fault = faultOf(error.status);
  const said = (error.error as { message?: unknown } | undefined)?.message;
  const message = `${sentences[fault]}: ${typeof said === 'string' && said ? said : `HTTP ${error.status}`}`;
  // Whole: what is cut here could not be told from a key any more, and is cut where keys are taken out.
  return new ServiceError(fault, message, {
    status: error.status,
    retryAfterMs: error.headers ? retryAfterMs(error.headers) : undefined,
    serviceCode: error.code ?? undefined,
    cause: error,
  });
}

/** What came with status 200 and is no answer. */
export const unreadable = (cause?: unknown) =>
  new ServiceError('service', 'The provider answered something that is not its protocol. Check the base URL.', {
    field: 'config.base_url',
    cause,
  });

const sentences: Record<ServiceFault, string> = {
  credential: 'The provider does not accept the key. Enter a new one',
  permission: 'The key may not do this',
  input: 'The provider refuses the request',
  not_found: 'The provider does not know this',
  conflict: 'The provider refuses this at the moment',
  rate_limited: 'The provider asks for fewer requests, or the account has no credit left',
  service: 'The provider failed',
};
