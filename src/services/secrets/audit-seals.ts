import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import {
  type AuditSealRow,
  dueAuditSeals,
  findLastSeal,
  insertSeal,
  type SealableEvent,
  selectEventWriters,
  selectSealable,
} from '../../db/queries/audit-seals.ts';
import { AppError } from '../../errors.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { auditKeyId, auditMac, newAuditKey, sameMac } from '../../vault/audit-mac.ts';
import { hubSecret } from './keyring.ts';

/** The name of the key among the hub's secrets: changes of master keys take it along, and changes of data keys do not concern it. */
export const auditKeyName = 'audit_seal_key';

/** Events that one seal covers at most. */
export const sealSize = 500;

const limits = { tenants: 500, sealsEach: 20, waitMs: 20_000 };

type Parts = Pick<Hub, 'db' | 'vault'>;

/**
 * Seals the events of all tenants that no seal covers, for a job; returns how many. An event counts as there when its transaction and
 * all that could hold an earlier position have ended, whatever the clocks say: so nothing honest appears later in what is sealed.
 */
export async function sealAudit({ db, vault }: Parts, { waitMs = limits.waitMs } = {}): Promise<number> {
  const due = await dueAuditSeals(db.system, limits.tenants);
  if (!due.length) return 0;
  await untilWritersEnd(db.system, waitMs);
  const key = await hubSecret(db, vault, auditKeyName, newAuditKey);
  const sealed = await eachAtOnce(due, 2, async ({ tenantId, lastPosition }) => {
    let total = 0;
    for (let seals = 0; seals < limits.sealsEach; seals++) {
      const events = await db.asTenant(tenantId, (tx) => sealNext(tx, key, tenantId, lastPosition), { quiet: true });
      total += events;
      if (events < sealSize) break;
    }
    return total;
  });
  return sealed.reduce((sum, events) => sum + events, 0);
}

async function untilWritersEnd(db: Drizzle, waitMs: number) {
  const writers = await selectEventWriters(db);
  for (const until = Date.now() + waitMs; writers.size; await sleep(50)) {
    const now = await selectEventWriters(db);
    for (const id of writers) if (!now.has(id)) writers.delete(id);
    if (writers.size && Date.now() > until)
      throw new AppError(
        'unavailable',
        'A transaction that writes events stays open; nothing is sealed until it has ended.',
      );
  }
}

/** Returns how many events it sealed; none when another process was faster. */
async function sealNext(tx: Tx, key: string, tenantId: string, upTo: number): Promise<number> {
  const before = await findLastSeal(tx, tenantId);
  const events = await selectSealable(tx, tenantId, { after: before?.lastPosition ?? null, upTo, limit: sealSize });
  const last = events.at(-1);
  if (!last) return 0;
  const seal = {
    ...{ tenantId, id: uuidv7(), number: (before?.number ?? 0) + 1 },
    ...{ lastPosition: last.position, events: events.length, keyId: auditKeyId(key) },
  };
  const mac = sealMac(key, seal, before, events);
  // Where the newest seals were taken away, sealing goes on, and what shows it stays.
  const whole = !before || isHead(key, before);
  const made = await insertSeal(tx, { ...seal, mac, head: whole ? headMac(key, { ...seal, mac }) : null });
  return made ? events.length : 0;
}

type SealOver = Pick<AuditSealRow, 'tenantId' | 'id' | 'number' | 'lastPosition' | 'events' | 'keyId'>;

/** Over the events, what the seal says of them, and the seal before. */
export function sealMac(
  key: string,
  { tenantId, id, number, lastPosition, events: count, keyId }: SealOver,
  before: Pick<AuditSealRow, 'mac' | 'lastPosition'> | null,
  events: SealableEvent[],
): string {
  const said = [tenantId, id, number, lastPosition, count, keyId, before?.mac ?? null, before?.lastPosition ?? null];
  return auditMac(key, ['audit seal 1', JSON.stringify(said), ...events.map(({ text }) => text)]);
}

const headMac = (key: string, { tenantId, number, mac }: Pick<AuditSealRow, 'tenantId' | 'number' | 'mac'>) =>
  auditMac(key, ['audit head 1', JSON.stringify([tenantId, number, mac])]);

/** Whether this is the tenant's newest seal, and always was followed by the next one. */
export const isHead = (key: string, seal: AuditSealRow): boolean => sameMac(seal.head, headMac(key, seal));
