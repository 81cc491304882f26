import type { Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import type { ChosenModel } from './model-tiers.ts';

/** @throws AppError malformed_request */
export function readRequest(text: string): Values {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError('malformed_request', 'The body is not valid JSON.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values;
  throw new AppError('malformed_request', 'The body must be a JSON object.');
}

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
