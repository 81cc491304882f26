import { setTimeout as sleep } from 'node:timers/promises';
import type { Ctx, Hub } from '../../context.ts';
import { findRegister } from '../../db/queries/audit-register.ts';
import { tenantTrail } from '../../db/queries/audit-seals.ts';
import {
  type AuditVerificationRow,
  dueAuditVerifications,
  findVerification,
  measureSealed,
  upsertVerification,
} from '../../db/queries/audit-verifications.ts';
import type { AuditProblem } from '../../db/schema/index.ts';
import type { InTrail } from './audit-seals.ts';
import { type ReadRegister, readRegister, verifyTrail } from './audit-verification.ts';

export interface AuditStanding {
  /** Events that are sealed, and when the last of them happened. */
  events: number;
  sealedUpTo: Date | null;
  /** The last time that all seals were computed again; null before the first. */
  verified: Pick<AuditVerificationRow, 'verifiedAt' | 'events' | 'problems'> | null;
}

/** How far the workspace’s trail is sealed, and what was found when its seals were last computed again. */
export const getAuditStanding = (ctx: Pick<Ctx, 'hub' | 'tenantId'>): Promise<AuditStanding> =>
  ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const [sealed, verified] = await Promise.all([
        measureSealed(tx, ctx.tenantId),
        findVerification(tx, ctx.tenantId),
      ]);
      return { events: sealed.events, sealedUpTo: sealed.upTo, verified };
    },
    { readOnly: true },
  );

const mostProblems = 50;

/** How long one run goes on, in milliseconds: less than a hub that stops waits for its jobs. */
const runMs = 5_000;
const longestPauseMs = 250;

/**
 * Computes the seals of each workspace again once a day, for a job: batch after batch until none is due or the run's time is over, with
 * pauses as long as the work, so that the database has time for others. Returns how many workspaces it looked at.
 */
export async function verifyDueAudits(
  hub: Pick<Hub, 'db' | 'vault' | 'log'>,
  { olderThan = '1 day', max = 200, forMs = runMs } = {},
): Promise<number> {
  const until = performance.now() + forMs;
  for (let looked = 0; ; ) {
    const due = await dueAuditVerifications(hub.db.system, olderThan, max);
    if (!due.length) return looked;
    const register = await hub.db.system.transaction((tx) => readRegister(tx, hub.vault), {
      isolationLevel: 'repeatable read',
      accessMode: 'read only',
    });
    let kept = 0;
    for (const tenantId of due) {
      const began = performance.now();
      if (looked && began > until) return looked;
      looked += 1;
      if (await verifyOrNote(hub, tenantId, register)) kept += 1;
      await sleep(Math.min(performance.now() - began, longestPauseMs));
    }
    if (due.length < max || !kept) return looked;
  }
}

/** One trail that cannot be read keeps no other from being looked at. */
async function verifyOrNote(hub: Pick<Hub, 'db' | 'log'>, tenantId: string, register: ReadRegister): Promise<boolean> {
  return verifyOne(hub, tenantId, register).catch((error) => {
    hub.log.error({ err: error, tenant_id: tenantId }, 'the trail of a workspace could not be verified');
    return false;
  });
}

/** Whether there was something to keep; what was never sealed stays due. */
async function verifyOne({ db }: Pick<Hub, 'db'>, tenantId: string, register: ReadRegister): Promise<boolean> {
  const { fault } = register;
  const ofAll: AuditProblem[] = fault ? [{ seal: null, after: null, until: null, message: fault }] : [];
  const versionNow = async () => (await findRegister(db.system))?.version ?? null;
  const run: InTrail = (work) => db.asTenant(tenantId, work, { readOnly: true });
  const { seals, events, problems } = await verifyTrail(run, tenantTrail(tenantId), { ...register, versionNow });
  if (!seals && !problems.length && !fault) return false;
  const found = { seals, events, problems: [...ofAll, ...problems].slice(0, mostProblems) };
  await db.asTenant(tenantId, (tx) => upsertVerification(tx, tenantId, found), { quiet: true });
  return true;
}
