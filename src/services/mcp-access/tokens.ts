import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ApiKeyRow, findApiKey, revokeKey } from '../../db/queries/api-keys.ts';
import {
  holdToken,
  insertTokens,
  type McpToken,
  markTokenUsed,
  selectEarlier,
  tenantOfToken,
} from '../../db/queries/mcp-apps.ts';
import { hashApiKey, isToken, newToken, type TokenPrefix } from '../../lib/api-key-format.ts';
import { sameBytes } from '../../lib/same-bytes.ts';
import { statusOfKey } from '../api-keys/api-keys.ts';
import { withdrawOfKey } from '../approvals/approval-endings.ts';
import { recordAudit } from '../audit.ts';
import { withMembers } from '../people/with-members.ts';
import { systemCtx } from '../system.ts';
import { requireOwnResource } from './addresses.ts';
import { OAuthError } from './oauth-error.ts';

/** Seconds. A refresh token that nobody used for so long has ended. */
const accessSeconds = 3_600;
const refreshSeconds = 30 * 86_400;

export interface IssuedTokens {
  accessToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
  scopes: string[];
}

/** Who asks, and from where. */
type Asking = Pick<Ctx, 'requestId' | 'ip'> & { hub: Hub };

const kinds: Partial<Record<TokenPrefix, McpToken['kind']>> = { pbc: 'code', pba: 'access', pbr: 'refresh' };

/**
 * Turns a code into tokens (RFC 6749, 4.1.3), once; a second time ends the app, because one of the two was not it.
 * @throws OAuthError invalid_grant, invalid_target
 */
export async function redeemCode(
  asking: Asking,
  sent: { clientId: string; code: string; redirectUri: string; verifier: string; resource: string[] },
): Promise<IssuedTokens> {
  requireOwnResource(asking.hub, sent.resource);
  return exchange(asking, 'pbc', { token: sent.code, clientId: sent.clientId, scopes: [] }, (token) => {
    if (token.redirectUri !== sent.redirectUri) return 'The redirect_uri is not the one that the code was sent to.';
    return isVerifier(sent.verifier, token.codeChallenge ?? '') ? null : 'The code_verifier does not fit.';
  });
}

/**
 * New tokens for a refresh token, which works once (RFC 9700, 4.14.2): using it again ends the app.
 * Asking for less gives an access token with that much; the new refresh token is good for all that was allowed (RFC 6749, 6).
 * @throws OAuthError invalid_grant, invalid_scope, invalid_target
 */
export async function refreshTokens(
  asking: Asking,
  sent: { clientId: string; refreshToken: string; scope: string; resource: string[] },
): Promise<IssuedTokens> {
  requireOwnResource(asking.hub, sent.resource);
  const asked = sent.scope.split(' ').filter(Boolean);
  const check: Check = (_token, app) => {
    if (!asked.every((scope) => app.scopes.includes(scope)))
      throw new OAuthError('invalid_scope', 'That is more than was allowed.');
    return null;
  };
  return exchange(asking, 'pbr', { token: sent.refreshToken, clientId: sent.clientId, scopes: asked }, check);
}

/**
 * Ends the app that this token was given to (RFC 7009). What is no token, or another app’s, changes nothing and is not told apart.
 */
export async function revokeToken(asking: Asking, sent: { clientId: string; token: string }): Promise<void> {
  const prefix = sent.token.slice(0, 3) as TokenPrefix;
  if (!kinds[prefix] || !isToken(prefix, sent.token)) return;
  await withToken(asking, sent.token, async (tx, ctx, token, app) => {
    if (app.clientId !== sent.clientId || token.kind !== kinds[prefix]) return;
    await endApp(
      tx,
      { ...ctx, actor: { ...ctx.actor, type: 'api_key', id: app.id, name: app.name } },
      app,
      'signed out',
    );
  });
}

type Check = (token: McpToken, app: ApiKeyRow) => string | null;

/** @param shown.scopes what the access token is to have; nothing for all that the app may */
async function exchange(
  asking: Asking,
  prefix: TokenPrefix,
  { token: shown, clientId, scopes }: { token: string; clientId: string; scopes: string[] },
  check: Check,
) {
  const issued =
    isToken(prefix, shown) &&
    (await withToken(asking, shown, async (tx, ctx, token, app) => {
      if (token.kind !== kinds[prefix] || app.clientId !== clientId || statusOfKey(app) !== 'active') return null;
      if (token.usedAt) {
        await endApp(
          tx,
          ctx,
          app,
          token.kind === 'code' ? 'its code was used twice' : 'a refresh token was used twice',
        );
        return null;
      }
      const problem = token.expiresAt.getTime() <= Date.now() ? 'It has expired.' : check(token, app);
      if (problem) throw new OAuthError('invalid_grant', problem);
      await markTokenUsed(tx, token);
      if (token.kind === 'code')
        for (const old of await selectEarlier(tx, app)) await endApp(tx, ctx, old, 'connected anew');
      return issue(
        tx,
        app,
        app.scopes.filter((scope) => !scopes.length || scopes.includes(scope)),
      );
    }));
  if (!issued)
    throw new OAuthError('invalid_grant', 'It is misspelt, used, expired or revoked, or was given to another app.');
  return issued;
}

async function withToken<T>(
  { hub, requestId, ip }: Asking,
  shown: string,
  work: (tx: Tx, ctx: Ctx, token: McpToken, app: ApiKeyRow) => Promise<T>,
): Promise<T | null> {
  const hash = hashApiKey(shown);
  const tenantId = await tenantOfToken(hub.db.system, hash);
  if (!tenantId) return null;
  const ctx: Ctx = { ...systemCtx(hub, tenantId, 'mcp'), requestId, ip };
  return withMembers(ctx, async (tx) => {
    const token = await holdToken(tx, tenantId, hash);
    const app = token && (await findApiKey(tx, tenantId, token.apiKeyId));
    return app ? work(tx, ctx, token, app) : null;
  });
}

async function issue(tx: Tx, app: ApiKeyRow, scopes: string[]): Promise<IssuedTokens> {
  const [accessToken, refreshToken] = [newToken('pba'), newToken('pbr')];
  const now = Date.now();
  const end = app.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const until = (seconds: number) => new Date(Math.min(end, now + seconds * 1000));
  const row = (kind: McpToken['kind'], token: string, seconds: number) => ({
    tenantId: app.tenantId,
    id: uuidv7(),
    apiKeyId: app.id,
    kind,
    hash: hashApiKey(token),
    expiresAt: until(seconds),
  });
  const narrowed = scopes.length < app.scopes.length ? { scopes } : {};
  await insertTokens(tx, [
    { ...row('access', accessToken, accessSeconds), ...narrowed },
    row('refresh', refreshToken, refreshSeconds),
  ]);
  const expiresIn = Math.floor((until(accessSeconds).getTime() - now) / 1000);
  return { accessToken, refreshToken, expiresIn, scopes };
}

/** Ends the app for good, with every token of it and what it waits for; says so once. */
export async function endApp(
  tx: Tx,
  ctx: Ctx,
  { id, name }: { id: string; name: string },
  reason: string,
): Promise<void> {
  if (!(await revokeKey(tx, ctx.tenantId, id, ctx.actor.name))) return;
  await withdrawOfKey(tx, ctx, id);
  await recordAudit(tx, ctx, {
    action: 'mcp_app.revoked',
    subject: { type: 'api_key', id, name },
    details: { reason },
  });
}

/** RFC 7636, 4.6. */
function isVerifier(verifier: string, challenge: string): boolean {
  if (!/^[\w.~-]{43,128}$/.test(verifier)) return false;
  const hashed = createHash('sha256').update(verifier).digest();
  return sameBytes(hashed, Buffer.from(challenge, 'base64url'));
}
