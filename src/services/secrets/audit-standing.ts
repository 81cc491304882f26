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
import { readRegister, verifyTrail } from './audit-verification.ts';

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

/** Computes the seals of each workspace again once a day, for a job; returns how many workspaces it looked at. */
export async function verifyDueAudits(
  hub: Pick<Hub, 'db' | 'vault'>,
  { olderThan = '1 day', max = 50 } = {},
): Promise<number> {
  const due = await dueAuditVerifications(hub.db.system, olderThan, max);
  if (!due.length) return 0;
  const register = await hub.db.system.transaction((tx) => readRegister(tx, hub.vault), {
    isolationLevel: 'repeatable read',
    accessMode: 'read only',
  });
  const versionNow = async () => (await findRegister(hub.db.system))?.version ?? null;
  const { fault } = register;
  const ofAll: AuditProblem[] = fault ? [{ seal: null, after: null, until: null, message: fault }] : [];
  for (const tenantId of due) {
    const run: InTrail = (work) => hub.db.asTenant(tenantId, work, { readOnly: true });
    const { seals, events, problems } = await verifyTrail(run, tenantTrail(tenantId), { ...register, versionNow });
    if (!seals && !problems.length && !fault) continue; // nothing was ever sealed; that is for the next run
    const found = { seals, events, problems: [...ofAll, ...problems].slice(0, mostProblems) };
    await hub.db.asTenant(tenantId, (tx) => upsertVerification(tx, tenantId, found), { quiet: true });
  }
  return due.length;
}
