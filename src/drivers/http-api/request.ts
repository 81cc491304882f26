import { addressBelow } from '../../lib/address-below.ts';
import { bodyWithoutTexts } from '../../lib/passed-bodies.ts';
import { headersForCaller, headersForService, textsOf } from '../../lib/passed-headers.ts';
import { type ExecutionContext, object, ServiceError, serviceError, type Tool, type Values } from '../driver.ts';
import { proxy } from './proxy.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export interface Asked {
  method: string;
  path: string;
  query?: Record<string, string> | [name: string, value: string][];
  headers?: Record<string, string>;
  body?: string;
}

/** Sends a request below the base URL, with the credential and what every request carries. */
export function send({ config, auth, fetch, signal }: ExecutionContext, asked: Asked): Promise<Response> {
  const path = asked.path && !asked.path.startsWith('/') ? `/${asked.path}` : asked.path;
  const url = addressBelow(proxy.base(config), path);
  if (!url) throw new ServiceError('input', 'This path would lead out of the base URL.', { field: 'path' });
  const credential = proxy.credential(auth);
  const always = proxy.defaults?.(config) ?? {};
  const headers = headersForService(headersOf({ ...always.headers, ...asked.headers }));
  for (const [name, value] of Object.entries(credential.headers ?? {})) headers.set(name, value);
  const query = Array.isArray(asked.query) ? asked.query : Object.entries(asked.query ?? {});
  for (const [name, value] of [...(always.query ?? []), ...query]) url.searchParams.append(name, value);
  for (const [name, value] of Object.entries(credential.query ?? {})) url.searchParams.set(name, value);
  const bodiless = ['GET', 'HEAD'].includes(asked.method);
  if (asked.body && !bodiless && !headers.has('content-type')) headers.set('content-type', 'application/json');
  const body = bodiless ? undefined : asked.body;
  return fetch(url, { method: asked.method, headers, body, redirect: 'manual', signal });
}

function headersOf(pairs: Record<string, string>): Headers {
  try {
    return new Headers(pairs);
  } catch {
    throw new ServiceError('input', 'One of these headers has a name or a value that HTTP cannot carry.', {
      field: 'headers',
    });
  }
}

const map = (title: string, description: string) =>
  ({
    type: 'object',
    title,
    description,
    additionalProperties: { type: 'string', maxLength: 4096 },
    propertyNames: { maxLength: 200 },
    maxProperties: 50,
  }) as const;

const longestText = 1_000_000;

export const requestTool: Tool = {
  slug: 'request',
  title: 'Send a request',
  description:
    'Sends an HTTP request to a path below the base URL, with the saved credential, and gives what was answered.',
  input: object(
    {
      method: { type: 'string', title: 'Method', enum: methods, default: 'GET' },
      path: {
        type: 'string',
        title: 'Path',
        description: 'Below the base URL, such as /customers/42.',
        maxLength: 2048,
      },
      query: map('Query parameters', 'Added to the address.'),
      headers: map('Headers', 'Beside those of the settings. The credential is added by itself.'),
      body: {
        type: 'string',
        title: 'Body',
        description: 'As it is sent; JSON unless a Content-Type header says otherwise.',
        maxLength: longestText,
        'x-multiline': true,
      },
    },
    ['method', 'path'],
  ),
  output: object({
    status: { type: 'integer', title: 'Status' },
    headers: map('Headers', 'Those that describe the answer.'),
    body: { title: 'Body', description: 'JSON where the answer is JSON, else its text.' },
  }),
  sideEffect: 'write',
  run: async (context, input) => {
    const asked = input as Values & Asked;
    const response = await send(context, asked);
    if (response.status === 401) throw serviceError(response);
    return answerOf(context, response);
  },
};

/** The answer as tools give it, without the credential where the service says it back. */
export async function answerOf({ auth }: Pick<ExecutionContext, 'auth'>, response: Response) {
  const secrets = textsOf(proxy.credential(auth));
  const text = bodyWithoutTexts(await response.text(), secrets);
  return {
    status: response.status,
    headers: Object.fromEntries(headersForCaller(response.headers, secrets)),
    body: bodyOf(text.slice(0, longestText), response.headers.get('content-type') ?? ''),
  };
}

function bodyOf(text: string, type: string): unknown {
  if (!/[/+]json\b/i.test(type)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
