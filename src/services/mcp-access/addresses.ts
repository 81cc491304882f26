import type { Hub } from '../../context.ts';
import { OAuthError } from './oauth-error.ts';

/** What tokens are for, and nothing else: the hub’s tools for agents (RFC 8707). */
export const resourceOf = ({ config }: Pick<Hub, 'config'>): string => `${config.baseUrl}/mcp`;

/** Who gives them out (RFC 8414, RFC 9207). */
export const issuerOf = ({ config }: Pick<Hub, 'config'>): string => config.baseUrl;

/** Where a client without a token is told to look (RFC 9728). */
export const metadataOf = ({ config }: Pick<Hub, 'config'>): string =>
  `${config.baseUrl}/.well-known/oauth-protected-resource/mcp`;

/**
 * Clients from before RFC 8707 name none.
 * @throws OAuthError invalid_target
 */
export function requireOwnResource(hub: Pick<Hub, 'config'>, named: string[]): void {
  const own = resourceOf(hub);
  if (named.some((each) => URL.parse(each)?.href !== URL.parse(own)?.href))
    throw new OAuthError('invalid_target', `Tokens of this hub are for ${own} alone.`);
}
