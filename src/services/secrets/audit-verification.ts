import type { Drizzle, Tx } from '../../db/client.ts';
import {
  type AuditSealRow,
  findUnsealed,
  type SealableEvent,
  selectSealable,
  selectSeals,
} from '../../db/queries/audit-seals.ts';
import { selectTenants } from '../../db/queries/data-keys.ts';
import { findHubSecret } from '../../db/queries/hub-secrets.ts';
import { auditKeyId, sameMac } from '../../vault/audit-mac.ts';
import type { Vault } from '../../vault/vault.ts';
import { auditKeyName, isHead, sealMac, sealSize } from './audit-seals.ts';

export interface AuditVerification {
  /** Seals that hold. */
  seals: number;
  /** Events that they cover. */
  events: number;
  /** What does not hold, a sentence each. */
  broken: string[];
  /** Workspaces with events that should have been sealed an hour ago. */
  unsealed: string[];
}

const pageSize = 200;

/**
 * Computes every seal of all tenants again and keeps going after one that does not hold. The transaction is the owner's, and one that
 * sees a single moment: else a seal that is made meanwhile would look like one that was taken away.
 * @throws VaultError when the master keys do not open the key of the seals
 */
export async function verifyAudit(tx: Tx, vault: Vault): Promise<AuditVerification> {
  const result: AuditVerification = { seals: 0, events: 0, broken: [], unsealed: [] };
  const row = await findHubSecret(tx as unknown as Drizzle, auditKeyName);
  const key = row && vault.openForHub(auditKeyName, row);
  for (const tenant of await selectTenants(tx)) {
    const last = await verifyTenant(tx, key, tenant, result);
    if (await findUnsealed(tx, tenant.id, last)) result.unsealed.push(tenant.name);
  }
  return result;
}

/** Returns the position of the last event that is sealed. */
async function verifyTenant(
  tx: Tx,
  key: string | null,
  tenant: { id: string; name: string },
  result: AuditVerification,
): Promise<number | null> {
  let before: AuditSealRow | null = null;
  for (;;) {
    const page: AuditSealRow[] = await selectSeals(tx, tenant.id, before?.number ?? 0, pageSize);
    for (const seal of page) {
      const wrong = await faultOf(tx, key, seal, before);
      if (wrong) result.broken.push(`${tenant.name}: ${wrong}`);
      else {
        result.seals += 1;
        result.events += seal.events;
      }
      before = seal;
    }
    if (page.length < pageSize) break;
  }
  if (key && before && !isHead(key, before))
    result.broken.push(`${tenant.name}: its newest seals were taken away once`);
  return before?.lastPosition ?? null;
}

/** What is wrong with the seal; null when it holds. */
async function faultOf(
  tx: Tx,
  key: string | null,
  seal: AuditSealRow,
  before: AuditSealRow | null,
): Promise<string | null> {
  const wanted = (before?.number ?? 0) + 1;
  if (seal.number !== wanted) return `the seals ${wanted} to ${seal.number - 1} are missing`;
  const made = `${seal.createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const which = `seal ${seal.number} of ${made}, over the events ${(before?.lastPosition ?? 0) + 1} to ${seal.lastPosition},`;
  if (!key || seal.keyId !== auditKeyId(key)) return `${which} was made under a key that this hub does not have`;
  const range = { after: before?.lastPosition ?? null, upTo: seal.lastPosition, limit: sealSize + 1 };
  const events = await selectSealable(tx, seal.tenantId, range);
  if (sameMac(seal.mac, sealMac(key, seal, before, events))) return null;
  return `${which} does not hold: ${guess(seal, events)}`;
}

function guess(seal: AuditSealRow, events: SealableEvent[]): string {
  const missing = seal.events - events.length;
  if (missing > 0) return `${missing} of its ${seal.events} events are gone`;
  if (missing < 0) return `there are more than the ${seal.events} events that it covers`;
  return 'an event was changed, or the seal was';
}
