import { type Ctx, requireRole } from '../../context.ts';
import { findTarget } from '../calls/call-targets.ts';
import { driverFor } from '../connectors/connectors.ts';
import { getConnector } from '../connectors/installed.ts';
import { openFresh } from '../credentials/credential-refresh.ts';

/** What is known of a connector's access token; never the token. */
export type OauthTokenState =
  | { configured: false; reason: string }
  | { configured: true; scopes: string[]; obtainedAt: Date | null; expiresAt: Date | null };

/**
 * Sees to it that a connector with OAuth client credentials has a token that is good for a while: what is kept, or a new one. One that
 * authenticates in another way, or not at all, is told so plainly.
 * @throws AppError forbidden, not_found, conflict while it cannot be used; ServiceError or OutboundError when no token was to be had
 */
export async function getOauthToken(ctx: Ctx, connectorId: string): Promise<OauthTokenState> {
  requireRole(ctx, 'admin', 'obtain tokens');
  const { connector } = await getConnector(ctx, connectorId);
  const driver = driverFor(ctx, connector.catalog.key);
  if (connector.auth.method !== 'client_credentials')
    return {
      configured: false,
      reason: `${connector.name} has no OAuth client credentials: it authenticates in another way, or needs none.`,
    };
  const target = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => findTarget(tx, ctx, driver, { connectorId }));
  const { credential, auth } = await openFresh(ctx, { driver, ...target });
  return {
    configured: true,
    scopes: Array.isArray(auth.scopes) ? auth.scopes.map(String) : [],
    obtainedAt: credential?.createdAt ?? null,
    expiresAt: credential?.expiresAt ?? null,
  };
}
