import type { Context } from 'hono';
import type { Hub } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { isToken } from '../../lib/api-key-format.ts';
import { type KeyAccess, openApiKey } from '../../services/api-keys/api-key-access.ts';
import type { Scope } from '../../services/api-keys/scopes.ts';
import type { Env } from '../env.ts';

/** What follows `Authorization: Bearer` (RFC 6750); null when the request has no such header. */
export function bearerOf(c: Context<Env>): string | null {
  const sent = /^Bearer(?:\s+(.*))?$/i.exec(c.req.header('authorization') ?? '');
  return sent ? (sent[1] ?? '') : null;
}

/**
 * Puts what the key stands for on the request. A cookie beside it counts for nothing.
 * @param open how the key is looked up
 * @throws AppError not_signed_in
 */
export async function enterByKey(c: Context<Env>, hub: Hub, key: string, open = openApiKey): Promise<void> {
  const access = await open(hub, key);
  if (access) return enter(c, hub, access);
  c.header('WWW-Authenticate', 'Bearer error="invalid_token"');
  if (isToken('pba', key))
    throw new AppError(
      'not_signed_in',
      'This is the access token of an app, which is for /mcp alone. Bring an API key here.',
    );
  throw new AppError(
    'not_signed_in',
    'This API key does not work: it is misspelt, expired or revoked, or whoever made it has left the workspace. Make a new one under “Members and API keys” in the account menu.',
  );
}

/** Puts what a key or a token opens on the request. */
export function enter(c: Context<Env>, hub: Hub, { tenantId, actor, scopes, tenant }: KeyAccess): void {
  c.set('log', c.get('log').child({ key_id: actor.id, tenant_id: tenantId }));
  c.set('scopes', scopes);
  c.set('keyTenant', tenant);
  c.set('ctx', { hub, tenantId, actor, requestId: c.get('requestId'), ip: c.get('ip'), log: c.get('log') });
}

/**
 * Refuses a key that may not do this. People may do whatever their role allows.
 * @param scope what the operation asks of a key; null for what only people may do
 * @throws AppError forbidden
 */
export function requireScope(c: Context<Env>, scope: Scope | null): void {
  const given = c.get('scopes');
  if (!given || (scope && given.includes(scope))) return;
  throw new AppError(
    'forbidden',
    scope
      ? `This API key may not do this: it needs the scope ${scope}. Make a key that has it.`
      : 'API keys cannot do this. Sign in, and do it as a person.',
  );
}
