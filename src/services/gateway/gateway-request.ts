import type { Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { repeatedName } from '../../lib/json-names.ts';
import type { ChosenModel } from './model-tiers.ts';

/**
 * The request as the provider will read it too: it goes there as it came, and rights, tiers and budgets go by what is read here.
 * @throws AppError malformed_request
 */
export function readRequest(text: string): Values {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError('malformed_request', 'The body is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('malformed_request', 'The body must be a JSON object.');
  const repeated = repeatedName(text, value);
  if (repeated !== null) throw unclear(repeated, 'stands twice in one object. Send it once.');
  const { stream_options: options } = value as Values;
  const names = [
    ...Object.keys(value),
    ...(typeof options === 'object' && options !== null ? Object.keys(options) : []),
  ];
  const miswritten = names.find((name) => !goneBy.has(name) && goneBy.has(inSmallLetters(name)));
  if (miswritten) throw unclear(miswritten, `has to be written “${inSmallLetters(miswritten)}”.`);
  return value as Values;
}

const unclear = (name: string, problem: string) =>
  new AppError('malformed_request', `“${name.slice(0, 100)}” ${problem}`, { extra: { param: name.slice(0, 100) } });

/** Fields that anything here goes by. Some providers take a name in other letters for the same. */
const goneBy = new Set([
  ...['model', 'messages', 'input', 'stream', 'stream_options', 'include_usage', 'tools', 'response_format'],
  ...['max_tokens', 'max_completion_tokens', 'n'],
]);

/** Also the few letters of other alphabets that count as one of these, such as the Kelvin sign. */
const inSmallLetters = (name: string) => name.toUpperCase().toLowerCase();

/** Numbers that JavaScript would change are written as they came when the request is written anew; to look for them takes longer than reading. */
const keepNumbers = ((_key: string, value: unknown, { source = '' }: { source?: string }) =>
  typeof value === 'number' && String(value) !== source ? raw(source) : value) as (
  key: string,
  value: unknown,
) => unknown;

const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

export interface PreparedRequest {
  text: string;
  streams: boolean;
  /** The caller did not ask what a stream used, so it is kept from them. */
  hideUsage: boolean;
}

/** The request as it goes to the provider: as it came, but for the model of a tier, and a stream's usage. */
export function prepared(text: string, body: Values, { model }: ChosenModel): PreparedRequest {
  const streams = body.stream === true;
  const hideUsage = streams && (body.stream_options as Values | undefined | null)?.include_usage !== true;
  if (!hideUsage && body.model === model) return { text, streams, hideUsage };
  const kept = JSON.parse(text, keepNumbers);
  const stream_options = { ...kept.stream_options, include_usage: true };
  return { text: JSON.stringify({ ...kept, model, ...(hideUsage && { stream_options }) }), streams, hideUsage };
}
