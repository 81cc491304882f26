import type { TObject } from '@sinclair/typebox';
import type { Context } from 'hono';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { isTooMuch, isTooMuchJson, type Limit, ordinary } from '../../lib/schema/limits.ts';
import type { Env } from '../env.ts';
import type { Input, Operation, Parts } from './operation.ts';

/**
 * Reads and validates what an operation takes; all problems are told at once.
 * @throws AppError malformed_request, unsupported_media_type, too_large, invalid_input
 */
export async function readInput<P extends Parts>(
  c: Context<Env>,
  { input, limit = ordinary }: Operation<P>,
): Promise<Input<P> & { rawBody: string }> {
  const rawBody = input.body ? await readBody(c) : '';
  const values = {
    params: input.params && c.req.param(),
    query: input.query && readQuery(c, input.query),
    body: input.body && parseJson(rawBody, limit),
  };
  let errors: FieldErrors = {};
  for (const part of ['query', 'body'] as const) {
    const schema = input[part];
    // A copy takes a field that is called __proto__ along; assigning it would only set the prototype, and nobody would hear of it.
    if (schema) errors = { ...errors, ...compileSchema(schema as unknown as JsonSchema, { limit })(values[part]) };
  }
  errors = { ...errors, ...doubledIn(values.query, input.query) };
  if (Object.keys(errors).length) throw invalid(errors);
  return { ...values, rawBody } as unknown as Input<P> & { rawBody: string };
}

/** JSON is UTF-8 whatever its type says. A password in another encoding would be saved as a different one. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

async function readBody(c: Context<Env>): Promise<string> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && !type?.endsWith('+json'))
    throw new AppError(
      'unsupported_media_type',
      `Send the body as application/json${type ? `, not ${type.slice(0, 60)}` : ''}.`,
    );
  const bytes = await c.req.arrayBuffer();
  try {
    return utf8.decode(bytes);
  } catch {
    throw new AppError('malformed_request', 'The body is not valid UTF-8.');
  }
}

function parseJson(text: string, limit: Limit): unknown {
  if (isTooMuchJson(text, limit)) throw new AppError('too_large', limit.told);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('malformed_request', `The body is not valid JSON${positionOf(error)}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('malformed_request', 'The body must be a JSON object.');
  if (isTooMuch(value, limit)) throw new AppError('too_large', limit.told);
  return value;
}

/** Where the JSON breaks, without quoting it: it may hold a secret. */
const positionOf = (error: unknown) => {
  const position = /position (\d+)/.exec(String(error))?.[1];
  return position ? ` (it breaks at character ${position})` : '';
};

/** Text from the URL as the schema's types; empty values count as absent, unknown and doubled names stay and are told. */
function readQuery(c: Context<Env>, schema: TObject): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    const given = values.filter((value) => value !== '');
    if (given.length)
      query[name] = given.length > 1 ? given : coerce(given[0] as string, schema.properties[name]?.type);
  }
  return query;
}

function doubledIn(query: Record<string, unknown> = {}, schema?: TObject): FieldErrors {
  const doubled = Object.keys(query).filter((name) => Array.isArray(query[name]) && schema?.properties[name]);
  return Object.fromEntries(doubled.map((name) => [name, ['Give this only once.']]));
}

function coerce(text: string, type: unknown): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
