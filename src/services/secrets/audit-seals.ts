import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import { type AuditHead, selectHeads } from '../../db/queries/audit-register.ts';
import {
  dueAuditSeals,
  dueOperatorSeals,
  operatorTrail,
  type SealableEvent,
  type SealRow,
  selectEventWriters,
  type Trail,
  tenantTrail,
} from '../../db/queries/audit-seals.ts';
import { AppError } from '../../errors.ts';
import { eachAtOnce } from '../../lib/each-at-once.ts';
import { auditKeyId, auditMac, sameMac } from '../../vault/audit-mac.ts';
import { noteHeads, type OpenRegister, openRegister } from './audit-register.ts';

/** Events that one seal covers at most. */
export const sealSize = 500;

const limits = { tenants: 500, sealsEach: 20, waitMs: 20_000 };

/** Runs this in a transaction that may see the trail. */
export type InTrail = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

interface DueTrail {
  trail: Trail;
  /** The position of its last event. */
  upTo: number;
  run: InTrail;
}

/**
 * Seals the events of all tenants and of the operators that no seal covers, for a job; returns how many. An event counts as there when
 * its transaction and all that could hold an earlier position have ended, whatever the clocks say: so nothing honest appears later in
 * what is sealed.
 */
export async function sealAudit(hub: Pick<Hub, 'db' | 'vault'>, { waitMs = limits.waitMs } = {}): Promise<number> {
  const due = await dueTrails(hub);
  if (!due.length) return 0;
  await untilWritersEnd(hub.db.system, waitMs);
  const register = await openRegister(hub);
  const scopes = due.map(({ trail }) => trail.scope);
  const heads = new Map((await selectHeads(hub.db.system, scopes)).map((head) => [head.scope, head]));
  const newest: AuditHead[] = [];
  const sealed = await eachAtOnce(due, 2, async (each) => {
    const { events, head } = await sealTrail(each, register, heads.get(each.trail.scope) ?? null);
    if (head) newest.push(head);
    return events;
  });
  if (newest.length) await noteHeads(hub.db.system, register.key, newest);
  return sealed.reduce((sum, events) => sum + events, 0);
}

async function dueTrails({ db }: Pick<Hub, 'db'>): Promise<DueTrail[]> {
  const tenants = (await dueAuditSeals(db.system, limits.tenants)).map(
    ({ tenantId, lastPosition }): DueTrail => ({
      trail: tenantTrail(tenantId),
      upTo: lastPosition,
      run: (work) => db.asTenant(tenantId, work, { quiet: true }),
    }),
  );
  const upTo = await dueOperatorSeals(db.system);
  const operators: DueTrail[] = upTo
    ? [{ trail: operatorTrail, upTo, run: (work) => db.system.transaction(work) }]
    : [];
  return [...operators, ...tenants];
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

/** Returns how many events it sealed, and the newest seal when it may go into the register. */
async function sealTrail({ trail, upTo, run }: DueTrail, register: OpenRegister, known: AuditHead | null) {
  let [events, head]: [number, AuditHead | null] = [0, null];
  for (let seals = 0; seals < limits.sealsEach; seals++) {
    const made = await run((tx) => sealNext(tx, trail, register, { upTo, known }));
    events += made?.events ?? 0;
    if (made?.head) head = { scope: trail.scope, number: made.number, sealMac: made.mac };
    if (made?.events !== sealSize) break;
  }
  return { events, head };
}

/** Returns null when there is nothing to seal, or another process was faster. */
async function sealNext(
  tx: Tx,
  trail: Trail,
  { key, version }: OpenRegister,
  { upTo, known }: { upTo: number; known: AuditHead | null },
) {
  const before = await trail.lastSeal(tx);
  const events = await trail.sealable(tx, { after: before?.lastPosition ?? null, upTo, limit: sealSize });
  const last = events.at(-1);
  if (!last) return null;
  const seal = {
    id: uuidv7(),
    number: (before?.number ?? 0) + 1,
    lastPosition: last.position,
    events: events.length,
    keyId: auditKeyId(key),
    register: version,
  };
  const mac = sealMac(key, trail.scope, seal, before, events);
  // Where the newest seals were taken away, sealing goes on, and what shows it stays.
  const head = (await isUncut(tx, trail, key, before, known)) ? headMac(key, trail.scope, { ...seal, mac }) : null;
  return (await trail.insertSeal(tx, { ...seal, mac, head })) ? { ...seal, mac, head } : null;
}

/** Whether this is the newest seal that ever was, and what the register knows stands in the trail. */
async function isUncut(tx: Tx, trail: Trail, key: string, before: SealRow | null, known: AuditHead | null) {
  if (before && !isHead(key, trail.scope, before)) return false;
  if (!known) return true;
  const [seal] = await trail.seals(tx, known.number - 1, 1);
  return seal?.number === known.number && seal.mac === known.sealMac;
}

type SealOver = Pick<SealRow, 'id' | 'number' | 'lastPosition' | 'events' | 'keyId' | 'register'>;

/** Over the events, what the seal says of them, and the seal before. Seals from before there was a register say nothing of it. */
export function sealMac(
  key: string,
  scope: string,
  { id, number, lastPosition, events: count, keyId, register }: SealOver,
  before: Pick<SealRow, 'mac' | 'lastPosition'> | null,
  events: SealableEvent[],
): string {
  const said = [scope, id, number, lastPosition, count, keyId, before?.mac ?? null, before?.lastPosition ?? null];
  const texts = events.map(({ text }) => text);
  if (register === null) return auditMac(key, ['audit seal 1', JSON.stringify(said), ...texts]);
  return auditMac(key, ['audit seal 2', JSON.stringify([...said, register]), ...texts]);
}

const headMac = (key: string, scope: string, { number, mac }: Pick<SealRow, 'number' | 'mac'>) =>
  auditMac(key, ['audit head 1', JSON.stringify([scope, number, mac])]);

/** Whether this is the trail's newest seal, and always was followed by the next one. */
export const isHead = (key: string, scope: string, seal: SealRow): boolean =>
  sameMac(seal.head, headMac(key, scope, seal));
