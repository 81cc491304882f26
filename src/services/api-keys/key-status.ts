import { lowerRole } from '../../context.ts';
import type { ApiKeyRow } from '../../db/queries/api-keys.ts';
import type { Role } from '../../lib/role.ts';

export type KeyStatus = 'active' | 'expired' | 'revoked';

/** Whether the key works now; a key whose maker has left counts as revoked. */
export function statusOfKey(row: ApiKeyRow): KeyStatus {
  if (row.revokedAt || !row.makerRole) return 'revoked';
  return row.expiresAt && row.expiresAt.getTime() <= Date.now() ? 'expired' : 'active';
}

/** What the key may do at most now: its maker may have lost rights since. */
export const roleOfKey = (row: ApiKeyRow): Role => (row.makerRole ? lowerRole(row.role, row.makerRole) : 'member');
