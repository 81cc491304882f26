import type { Hub } from '../../context.ts';
import { findLiveAccess } from '../../db/queries/mcp-apps.ts';
import { hashApiKey, isToken } from '../../lib/api-key-format.ts';
import { accessBy, type KeyAccess } from '../api-keys/api-key-access.ts';

/**
 * What an app may do with its access token, asked anew with every request like a key’s.
 * @returns null for a token that is none, is unknown or has ended, and when the app was disconnected or its person has left
 * @throws AppError unavailable
 */
export async function openAppToken(hub: Hub, token: string): Promise<KeyAccess | null> {
  if (!isToken('pba', token)) return null;
  const hash = hashApiKey(token);
  return accessBy(hub, hash, await findLiveAccess(hub.db.system, hash));
}
