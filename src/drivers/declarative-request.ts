import { addressBelow } from '../lib/address-below.ts';
import { addressFor } from '../lib/declarative/addresses.ts';
import { type AnswerPath, valueAt } from '../lib/declarative/paths.ts';
import { fill, fillPath, fillText, fillTree, PathError, plain, type Sources } from '../lib/declarative/templates.ts';
import { fitsHeader } from '../lib/header-text.ts';
import { bodyWithoutTexts } from '../lib/passed-bodies.ts';
import { textsOf } from '../lib/passed-headers.ts';
import { credentialOf } from './declarative-auth.ts';
import type { Description } from './declarative-format.ts';
import {
  type CompiledTool,
  type ErrorRule,
  type Errors,
  type Operation,
  pathFor,
  type Service,
} from './declarative-service.ts';
import { type ExecutionContext, messageOf, retryAfterMs, ServiceError, serviceError, type Values } from './driver.ts';

/** A description that is ready to be run. */
export interface Described {
  description: Description;
  service: Service;
  /** Settings with the defaults of those that are missing. */
  settled(config: Values): Values;
}

export interface Answer {
  status: number;
  /** Undefined for an answer without a body. */
  body: unknown;
}

/**
 * Sends what the operation describes, below the base address and with the credential, and reads JSON.
 * @throws ServiceError for arguments that cannot be sent, for refusals, and for an answer that is no JSON
 */
export async function send(
  described: Described,
  context: ExecutionContext,
  { request, errors }: Operation,
  values: Sources,
): Promise<Answer> {
  const { description, service } = described;
  const { auth, fetch, signal, executionId } = context;
  const config = described.settled(context.config);
  const sources = { ...values, config, call: { id: executionId } };
  const credential = credentialOf(description, auth);
  const url = below(addressFor(service.base, config), pathOf(pathFor(request, sources), sources));
  for (const [name, template] of request.query)
    for (const each of pairsOf(fill(template, sources))) url.searchParams.append(name, each);
  for (const [name, value] of Object.entries(credential.query ?? {})) url.searchParams.set(name, value);
  const headers = new Headers({ accept: 'application/json' });
  for (const [name, template] of [...service.headers, ...request.headers])
    setHeader(headers, name, fillText(template, sources));
  for (const [name, value] of Object.entries(credential.headers ?? {})) headers.set(name, value);
  const body = request.body && bodyOf(request.body.as, fillTree(request.body.tree, sources));
  if (body) headers.set('content-type', body.type);
  const response = await fetch(url, { method: request.method, headers, body: body?.text, signal });
  const text = bodyWithoutTexts(await response.text(), textsOf(credential));
  return judged(response, text, errors);
}

function below(base: string, path: string): URL {
  const url = base ? addressBelow(base, path) : null;
  if (url) return url;
  throw new ServiceError(
    'input',
    base ? 'This path would lead out of the service’s address.' : 'The settings make no address. Check them.',
  );
}

function pathOf(template: Parameters<typeof fillPath>[0], sources: Sources): string {
  try {
    return fillPath(template, sources);
  } catch (error) {
    if (error instanceof PathError) throw new ServiceError('input', error.message);
    throw error;
  }
}

function pairsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(plain) : [plain(value)];
}

/** Nothing to say is no header. */
function setHeader(headers: Headers, name: string, value: string | undefined) {
  if (value === undefined) return;
  if (!fitsHeader(value))
    throw new ServiceError(
      'input',
      `The header ${name} would get a value that HTTP cannot carry, such as one with a line break.`,
    );
  headers.set(name, value);
}

function bodyOf(as: 'json' | 'form', value: unknown): { type: string; text: string } {
  if (as === 'json') return { type: 'application/json', text: JSON.stringify(value ?? null) };
  const form = new URLSearchParams();
  for (const [name, each] of Object.entries(value as Values)) for (const text of pairsOf(each)) form.append(name, text);
  return { type: 'application/x-www-form-urlencoded', text: form.toString() };
}

function judged(response: Response, text: string, errors: Errors): Answer {
  const { status } = response;
  const body = parsed(text);
  const said = sentence(body, errors.message) ?? (response.ok ? undefined : messageOf(body));
  const code = sentence(body, errors.code);
  const rule = errors.rules.find((each) => fits(each, status, body));
  if (rule) throw ruled(rule, response, { said, code });
  if (!response.ok) throw serviceError(response, said, code);
  if (body === undefined && text.trim())
    throw new ServiceError('service', 'The service answered something that is not JSON. Check the address.', {
      status,
    });
  return { status, body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentence(body: unknown, path: AnswerPath | null): string | undefined {
  const value = path && valueAt(body, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

const fits = ({ status, at }: ErrorRule, answered: number, body: unknown): boolean =>
  (!status || status.includes(answered)) && (!at || at.equals.includes(valueAt(body, at.path) ?? null));

/** The rule's own sentence, or what the service said under what the rule takes it for. */
function ruled(
  { fault, message }: ErrorRule,
  response: Response,
  { said, code }: { said?: string; code?: string },
): ServiceError {
  const { status, headers } = response;
  const usual = serviceError(new Response(null, { status: statusOf[fault], headers }), said).message.replace(
    `HTTP ${statusOf[fault]}`,
    `HTTP ${status}`,
  );
  return new ServiceError(fault, message ?? usual, { status, retryAfterMs: retryAfterMs(headers), serviceCode: code });
}

/** The status that usually says so. */
const statusOf: Record<ErrorRule['fault'], number> = {
  ...{ credential: 401, permission: 403, input: 400, not_found: 404, conflict: 409, rate_limited: 429, service: 500 },
};

/** What the tool gives: always an object. @throws ServiceError when a list was promised and there is none */
export function shaped({ body }: Answer, { items, value, fields, next }: CompiledTool['response']): Values {
  const picked = (thing: unknown) =>
    fields ? Object.fromEntries(fields.map(([name, path]) => [name, valueAt(thing, path) ?? null])) : thing;
  if (items) {
    const list = valueAt(body, items) ?? [];
    if (!Array.isArray(list))
      throw new ServiceError('service', 'The service answered without the list that was asked for. Try again later.');
    return { items: list.map(picked), ...(next && { next_cursor: cursorIn(valueAt(body, next)) }) };
  }
  const thing = picked(valueAt(body, value) ?? {});
  if (Array.isArray(thing)) return { items: thing };
  return typeof thing === 'object' && thing !== null ? (thing as Values) : { value: thing };
}

const cursorIn = (value: unknown): string | null =>
  typeof value === 'number' || (typeof value === 'string' && value) ? String(value) : null;
