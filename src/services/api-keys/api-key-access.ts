import { timingSafeEqual } from 'node:crypto';
import { type Actor, type Hub, lowerRole } from '../../context.ts';
import { findLiveKey, type LiveKey, markKeyUsed } from '../../db/queries/api-keys.ts';
import { hashApiKey, isApiKey } from '../../lib/api-key-format.ts';

export interface KeyAccess {
  tenantId: string;
  actor: Actor;
  scopes: string[];
  tenant: { name: string; suspended: { reason: string } | null };
}

/** Seconds between two notes of use. */
const noteEvery = 60;

/**
 * Who a key stands for, asked anew with every request: revoking it, or taking rights from its maker, counts at once.
 * @returns null for a key that is misspelt, unknown, expired or revoked, and for one whose maker has left
 * @throws AppError unavailable
 */
export async function openApiKey(hub: Hub, key: string): Promise<KeyAccess | null> {
  if (!isApiKey(key)) return null;
  const hash = hashApiKey(key);
  return accessBy(hub, hash, await findLiveKey(hub.db.system, hash));
}

/** What was found by the hash of a key or token, as its access; its use is noted. */
export async function accessBy(hub: Hub, hash: string, found: LiveKey | null): Promise<KeyAccess | null> {
  if (!found || !timingSafeEqual(Buffer.from(found.hash), Buffer.from(hash))) return null;
  await noteUse(hub, found);
  const { tenantId, id, name, makerId, modelConnectorId, limits, tenantName, suspendedReason: reason } = found;
  const role = lowerRole(found.role, found.makerRole);
  return {
    tenantId,
    actor: { type: 'api_key', id, name, role, makerId, modelConnectorId, limits },
    scopes: found.scopes,
    tenant: { name: tenantName, suspended: reason === null ? null : { reason } },
  };
}

/**
 * The same for programs that ask all the time: as it was half a second ago at most. What this process changes, such as a revocation,
 * counts with the next request.
 */
export async function openRecentApiKey(hub: Hub, key: string): Promise<KeyAccess | null> {
  if (!isApiKey(key)) return null;
  const whose = (access: KeyAccess | null) => access?.tenantId;
  return hub.db.recent.read(`key ${hashApiKey(key)}`, whose, () => openApiKey(hub, key));
}

async function noteUse({ db, log }: Hub, { tenantId, id, usedAgo }: LiveKey): Promise<void> {
  if (usedAgo !== null && usedAgo < noteEvery) return;
  // A database that cannot be written to still serves readers.
  await db
    .asTenant(tenantId, (tx) => markKeyUsed(tx, tenantId, id), { quiet: true })
    .catch((error) => log.warn({ err: error }, 'the use of an API key was not noted'));
}
