import { createHmac } from 'node:crypto';
import { sameBytes } from '../../lib/same-bytes.ts';
import { type BrokerEvent, ServiceError } from '../driver.ts';
import { line, lineOrNull, moment, record, slug } from './read.ts';

/** Seconds that a message may be older, or newer, than now. */
const tolerance = 300;

interface Received {
  secret: string;
  headers: Headers;
  body: string;
}

/**
 * Reads a webhook (https://docs.composio.dev/docs/webhook-verification): signed as `v1,base64(HMAC-SHA256(secret, id.timestamp.body))`,
 * several of them with spaces between while the secret changes.
 */
export async function verifyWebhook(received: Received): Promise<BrokerEvent> {
  const id = received.headers.get('webhook-id') ?? '';
  if (!isSigned(received, id) || !isFresh(received.headers))
    throw new ServiceError('credential', 'The signature of this message is missing, wrong, or too old.');
  const message = record(parsed(received.body));
  const data = record(message.data);
  const expired = message.type === 'composio.connected_account.expired';
  return {
    id: line(id),
    kind: expired ? 'account_expired' : 'other',
    accountId: expired ? (slug(data.id) ?? slug(data.connected_account_id)) : null,
    reason: expired ? lineOrNull(data.status_reason, 300) : null,
    at: moment(message.timestamp) ?? new Date(timestampOf(received.headers) * 1000).toISOString(),
  };
}

const timestampOf = (headers: Headers) => Number(headers.get('webhook-timestamp') ?? Number.NaN);

const isFresh = (headers: Headers) => Math.abs(Date.now() / 1000 - timestampOf(headers)) <= tolerance;

function isSigned({ secret, headers, body }: Received, id: string): boolean {
  if (!secret || !id) return false;
  const expected = createHmac('sha256', secret)
    .update(`${id}.${headers.get('webhook-timestamp')}.${body}`)
    .digest();
  const given = (headers.get('webhook-signature') ?? '').split(' ').filter((each) => each.startsWith('v1,'));
  return given.some((each) => sameBytes(Buffer.from(each.slice(3), 'base64'), expected));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ServiceError('input', 'This message is no JSON.');
  }
}
