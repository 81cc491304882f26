import { createHmac, randomBytes } from 'node:crypto';
import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { WebhookRow } from '../../db/queries/webhooks.ts';
import type { Place } from '../../vault/vault.ts';
import { existingTenantKeys, tenantKeys } from '../secrets/keyring.ts';

/** The content of the envelope: the secret with the origin that it signs for. */
export interface SigningSecret {
  value: string;
  /** What it took the place of, which signs along until then, in ms since 1970. */
  previous: { value: string; until: number } | null;
  origin: string;
}

const placeOf = (tenantId: string, rowId: string): Place => ({
  tenantId,
  table: 'webhooks',
  rowId,
  field: 'sealed_secret',
});

/** As Standard Webhooks writes it: a mark and 32 random bytes. */
export const newSigningSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export async function sealSigningSecret(tx: Tx, ctx: Ctx, id: string, secret: SigningSecret): Promise<string> {
  const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  return ctx.hub.vault.seal(keys, placeOf(ctx.tenantId, id), JSON.stringify(secret));
}

/** @throws VaultError when the envelope does not belong here or was damaged */
export async function openSigningSecret(
  tx: Tx,
  ctx: Ctx,
  { id, sealedSecret }: Pick<WebhookRow, 'id' | 'sealedSecret'>,
): Promise<SigningSecret> {
  const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  return JSON.parse(ctx.hub.vault.open(keys, placeOf(ctx.tenantId, id), sealedSecret));
}

/**
 * The headers of one attempt (https://www.standardwebhooks.com): the id stays the same on every attempt, the time is the attempt's own.
 * While a replaced secret still counts there is a signature by each.
 */
export function signedHeaders(secret: SigningSecret, id: string, body: string, now = Date.now()) {
  const timestamp = String(Math.floor(now / 1000));
  const { value, previous } = secret;
  const values = previous && previous.until > now ? [value, previous.value] : [value];
  const sign = (each: string) =>
    createHmac('sha256', Buffer.from(each.replace(/^whsec_/, ''), 'base64'))
      .update(`${id}.${timestamp}.${body}`)
      .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': values.map((each) => `v1,${sign(each)}`).join(' '),
  };
}
