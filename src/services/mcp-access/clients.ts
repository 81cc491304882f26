import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import { deleteUnusedClients, forgetEndedTokens, insertClient, type McpClient } from '../../db/queries/mcp-apps.ts';
import { oneLine } from '../../lib/one-line.ts';
import { limit } from '../rate-limits.ts';
import { OAuthError } from './oauth-error.ts';
import { hostOf, redirectProblem } from './redirect-addresses.ts';

const mostAddresses = 10;
/** What is not used goes after a day: no more than this many can be there at once, whoever makes them. */
const mostInADay = 5_000;

/**
 * Registers an app that names itself (RFC 7591). It gets an id and no secret: whoever it is, it shows with PKCE that the code is its own.
 * @throws OAuthError invalid_redirect_uri, invalid_client_metadata, temporarily_unavailable
 */
export async function registerClient(hub: Hub, input: Record<string, unknown>): Promise<McpClient> {
  const redirectUris = addressesIn(input.redirect_uris);
  const grants = input.grant_types;
  if (grants !== undefined && !(Array.isArray(grants) && grants.includes('authorization_code')))
    throw new OAuthError('invalid_client_metadata', 'The only way in is the grant type authorization_code.');
  const { allowed } = await limit(hub, { key: 'mcp-clients', rate: mostInADay, per: 86_400 });
  if (!allowed) throw new OAuthError('temporarily_unavailable', 'Too many apps registered lately. Try again later.');
  const said = typeof input.client_name === 'string' ? oneLine(input.client_name, 100) : '';
  const client = { id: uuidv7(), name: said || hostOf(redirectUris[0] ?? ''), redirectUris };
  await insertClient(hub.db.system, client);
  return { ...client, createdAt: new Date(), usedAt: null };
}

function addressesIn(given: unknown): string[] {
  if (!Array.isArray(given) || !given.length || given.length > mostAddresses)
    throw new OAuthError('invalid_redirect_uri', `Give redirect_uris: one to ${mostAddresses} addresses.`);
  const problem = given.map(redirectProblem).find((each) => each !== null);
  if (problem) throw new OAuthError('invalid_redirect_uri', problem);
  return [...new Set(given as string[])];
}

/** Clears away registrations that led to nothing and tokens that ended, and ends apps that hold none any more; for a job. */
export async function forgetUnusedApps({ db }: Pick<Hub, 'db'>): Promise<number> {
  return (await deleteUnusedClients(db.system)) + (await forgetEndedTokens(db.system, 10_000));
}
