import { isIP } from 'node:net';
import type { Hub } from '../../context.ts';
import { type FieldErrors, invalid } from '../../errors.ts';
import { isListed, mayConnect } from '../../lib/outbound/addresses.ts';
import { cleaned } from '../people/person-input.ts';
import { type WebhookEvent, webhookEvents } from './announcements.ts';

export interface CheckedWebhook {
  url: string;
  events: WebhookEvent[];
}

/** @throws AppError invalid_input with all that is wrong, by field */
export function checkWebhook(
  { config }: Pick<Hub, 'config'>,
  input: { url: unknown; events: unknown },
): CheckedWebhook {
  const url = URL.parse(cleaned(input.url));
  const { events } = input;
  const problems = {
    url: url ? urlProblem(config.outbound, url) : 'Enter a full address, such as https://example.com/hooks.',
    events: eventsProblem(events),
  };
  const errors: FieldErrors = {};
  for (const [field, problem] of Object.entries(problems)) if (problem) errors[field] = [problem];
  if (!url || Object.keys(errors).length) throw invalid(errors);
  const known = Object.keys(webhookEvents) as WebhookEvent[];
  return { url: url.href, events: known.filter((event) => (events as unknown[]).includes(event)) };
}

type Policy = Hub['config']['outbound'];

/** What is wrong with the address, or null. What its name leads to is looked at with each delivery. */
function urlProblem(policy: Policy, url: URL): string | null {
  if (url.href.length > 2048) return 'Use an address of at most 2048 characters.';
  if (url.username || url.password) return 'Leave out user name and password: deliveries are signed instead.';
  if (url.hash) return 'Leave out what follows #: servers never see it.';
  if (!isSafeScheme(policy, url)) return 'Use an address that begins with https://.';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const { allowed, ownPort } = policy;
  if (isIP(host) && !mayConnect({ host, address: host, port: portOf(url) }, allowed, ownPort))
    return 'This address is not a public one, so nothing is sent to it. An operator can allow it in ALLOWED_PRIVATE_HOSTS.';
  return null;
}

/** https, or http to a host that the operator has listed. */
export const isSafeScheme = ({ allowed }: Pick<Policy, 'allowed'>, url: URL): boolean =>
  url.protocol === 'https:' ||
  (url.protocol === 'http:' && isListed({ host: url.hostname, port: portOf(url) }, allowed));

const portOf = ({ port, protocol }: URL) => Number(port || (protocol === 'https:' ? 443 : 80));

function eventsProblem(events: unknown): string | null {
  if (!Array.isArray(events) || !events.length) return 'Choose at least one event.';
  const known = events.every((event) => typeof event === 'string' && Object.hasOwn(webhookEvents, event));
  return known ? null : `Choose from ${Object.keys(webhookEvents).join(', ')}.`;
}
