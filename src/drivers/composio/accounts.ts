import {
  type BrokerAccount,
  type BrokerAccountStatus,
  type BrokerAuthConfig,
  type BrokerLink,
  ServiceError,
  type Values,
} from '../driver.ts';
import { httpsAddress, line, lineOrNull, lowerSlug, moment, record, slug } from './read.ts';

const statuses: Record<string, BrokerAccountStatus> = {
  INITIALIZING: 'initiated',
  INITIATED: 'initiated',
  ACTIVE: 'active',
  FAILED: 'failed',
  EXPIRED: 'expired',
  INACTIVE: 'inactive',
  REVOKED: 'revoked',
};

/** A status that nobody knows is one that nothing runs with. */
function statusOf({ status, is_disabled, status_reason }: Values): Pick<BrokerAccount, 'status' | 'reason'> {
  const said = lineOrNull(status_reason, 300);
  const known = typeof status === 'string' && Object.hasOwn(statuses, status) ? statuses[status] : undefined;
  if (!known) return { status: 'inactive', reason: said ?? `Composio says “${line(status, 40) || 'nothing'}”.` };
  return { status: known === 'active' && is_disabled === true ? 'inactive' : known, reason: said };
}

/** Names of people at the service; other members of these objects are, or may be, secrets. */
const identities = ['email', 'user_email', 'account_name', 'shop', 'subdomain', 'domain', 'site_name'];

function labelOf({ alias, word_id, data, params, state }: Values): string | null {
  const known = [data, params, record(state).val].map(record);
  const named = identities.flatMap((name) => known.map((values) => lineOrNull(values[name]))).find(Boolean);
  return lineOrNull(alias) ?? named ?? lineOrNull(word_id);
}

/** @param asked what is known from the request, where the answer leaves it out */
export function account(answer: unknown, asked: Partial<BrokerAccount> = {}): BrokerAccount {
  const item = record(answer);
  const config = record(item.auth_config);
  const id = slug(item.id) ?? asked.id;
  if (!id) throw new ServiceError('service', 'Composio names no account in its answer.');
  return {
    id,
    ...statusOf(item),
    label: labelOf(item),
    toolkit: lowerSlug(record(item.toolkit).slug) ?? asked.toolkit ?? null,
    authConfigId: slug(config.id) ?? asked.authConfigId ?? null,
    scheme: lowerSlug(config.auth_scheme) ?? asked.scheme ?? null,
  };
}

/** Where nobody could be sent, nothing was started. */
export function link(answer: unknown): BrokerLink {
  const { connected_account_id, redirect_url, expires_at } = record(answer);
  const accountId = slug(connected_account_id);
  const redirectUrl = httpsAddress(redirect_url);
  if (!accountId || !redirectUrl)
    throw new ServiceError('service', 'Composio gives no page to connect the account on.');
  return { accountId, redirectUrl, expiresAt: moment(expires_at) };
}

/** Making one answers with two parts, reading one with a whole. */
export function authConfig(answer: unknown, asked: Partial<BrokerAuthConfig> = {}): BrokerAuthConfig {
  const whole = record(answer);
  const item = { ...whole, ...record(whole.auth_config) };
  const id = slug(item.id) ?? asked.id;
  if (!id) throw new ServiceError('service', 'Composio names no auth config in its answer.');
  const managed = typeof item.is_composio_managed === 'boolean' ? item.is_composio_managed : asked.managed;
  return {
    id,
    name: line(item.name) || asked.name || id,
    toolkit: lowerSlug(record(item.toolkit).slug) ?? asked.toolkit ?? '',
    scheme: lowerSlug(item.auth_scheme) ?? asked.scheme ?? '',
    managed: managed ?? false,
    enabled: item.status !== 'DISABLED',
  };
}
