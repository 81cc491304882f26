import type { OperationParameter, OperationRequest } from '../../lib/openapi/operation.ts';
import { type ExecutionContext, messageOf, ServiceError, serviceError, type Values } from '../driver.ts';
import { type Asked, answerOf, send } from './request.ts';

/**
 * Sends what an imported operation asks for, below the base URL and with the credential.
 * @throws ServiceError for arguments that lead out of the base URL, and for every answer from 400 on
 */
export async function runOperation(context: ExecutionContext, operation: OperationRequest, input: Values) {
  const response = await send(context, requestOf(operation, input));
  const { status, headers, body } = await answerOf(context, response);
  if (status >= 400) throw serviceError(response, typeof body === 'string' ? undefined : messageOf(body));
  return { status, headers, body };
}

function requestOf({ method, path, parameters, body }: OperationRequest, input: Values): Asked {
  const asked: Asked & { query: [string, string][]; headers: Record<string, string> } = {
    ...{ method, path, query: [], headers: {} },
  };
  for (const parameter of parameters) {
    const value = Object.hasOwn(input, parameter.argument) ? input[parameter.argument] : undefined;
    if (value === undefined || value === null) continue;
    if (parameter.in === 'path')
      asked.path = asked.path.replaceAll(`{${parameter.name}}`, () => inPath(parameter, value));
    else if (parameter.in === 'query') asked.query.push(...pairsOf(parameter, value));
    else asked.headers[parameter.name] = textOf(parameter, value);
  }
  if (/[{}]/.test(asked.path)) throw new ServiceError('input', 'A part of the path is missing.');
  if (!body || input.body === undefined) return asked;
  asked.headers['content-type'] = body === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  return { ...asked, body: body === 'json' ? JSON.stringify(input.body) : formOf(input.body) };
}

/** Encoded as a whole, so that no slash and no question mark of it means anything; what is left of dots is refused on sending. */
function inPath(parameter: OperationParameter, value: unknown): string {
  const text = textOf(parameter, value);
  if (!text.trim()) throw new ServiceError('input', 'A part of the path is empty.', { field: parameter.argument });
  return encodeURIComponent(text);
}

const plain = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);

const textOf = ({ style }: OperationParameter, value: unknown): string =>
  Array.isArray(value) && style !== 'json' ? value.map(plain).join(',') : plain(value);

function pairsOf(parameter: OperationParameter, value: unknown): [string, string][] {
  const { name, style } = parameter;
  if (typeof value !== 'object' || value === null || style === 'json') return [[name, plain(value)]];
  if (Array.isArray(value))
    return style === 'join' ? [[name, textOf(parameter, value)]] : value.map((each) => [name, plain(each)]);
  const entries = Object.entries(value);
  if (style === 'join') return [[name, entries.flat().map(plain).join(',')]];
  return entries.map(([key, each]) => [style === 'deep' ? `${name}[${key}]` : key, plain(each)]);
}

function formOf(body: unknown): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries((body ?? {}) as Values))
    for (const each of Array.isArray(value) ? value : [value]) if (each !== null) form.append(name, plain(each));
  return form.toString();
}
