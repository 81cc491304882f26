import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Drizzle, Tx } from '../../db/client.ts';
import { type Connection, withConnection } from '../../db/connection.ts';
import { enterRotation, type RotationKind } from '../../db/queries/rotations.ts';
import { AppError } from '../../errors.ts';
import type { AuditEvent } from '../audit.ts';
import { systemDoer } from '../system.ts';
import { type Doer, recordOperatorEvent } from '../tenants/operator-trail.ts';

export interface RotationOptions {
  /** Who asked, for the operators' trail; the hub itself when left out. */
  by?: Doer;
  /** Refuses to run beside another one. Beside each other they would do the same work, and no harm. */
  alone?: boolean;
  /** Called when it is noted that it has begun. */
  begun?: () => void;
  /** Upon which it ends soon; what is left is done by the next run. */
  signal?: AbortSignal;
}

/** What a rotation does on its session. */
export interface RotationRun {
  db: Drizzle;
  /** Into the operators' trail, in a transaction of this session or on its own. */
  note(tx: Tx | Drizzle, what: 'started' | 'finished', details: Record<string, unknown>): Promise<unknown>;
  /** To be called when `started` is committed. */
  begun(): void;
  /** @throws what the signal says, once it was given */
  goOn(): void;
  /** In ms; ends as soon as the signal is given, by throwing that. */
  pause(ms: number): Promise<void>;
}

const subjects: Record<RotationKind, AuditEvent['subject']> = {
  'master-key': { type: 'hub', id: null, name: 'the master key' },
  'data-keys': { type: 'hub', id: null, name: 'all workspaces' },
};

/** `master_key.rotation_started` and the like. */
export const rotationAction = (kind: RotationKind, what: 'started' | 'finished' | 'stopped') =>
  `${kind.replace('-', '_')}.rotation_${what}`;

/**
 * Runs one rotation on a session of the owner's, which everybody can see while it lasts, and notes when it is cut off.
 * @throws AppError conflict when it wanted to be alone and is not
 */
export function runRotation<T>(
  kind: RotationKind,
  admin: Connection,
  { by = systemDoer(`rotate-${kind}`), alone = false, begun = () => {}, signal }: RotationOptions,
  work: (run: RotationRun) => Promise<T>,
  subject = subjects[kind],
): Promise<T> {
  return withConnection(admin, async (sql) => {
    const db = drizzle(sql);
    if (!(await enterRotation(db, kind, alone))) throw underWay();
    let hasBegun = false;
    const note = (tx: Tx | Drizzle, what: 'started' | 'finished' | 'stopped', details: Record<string, unknown>) =>
      recordOperatorEvent(tx, by, { action: rotationAction(kind, what), subject, details });
    const run: RotationRun = {
      db,
      note,
      begun: () => {
        hasBegun = true;
        begun();
      },
      goOn: () => signal?.throwIfAborted(),
      pause: (ms) => sleep(ms, undefined, { signal }),
    };
    try {
      return await work(run);
    } catch (error) {
      const reason = signal?.aborted ? 'The hub was stopped.' : reasonOf(error);
      if (hasBegun) await note(db, 'stopped', { reason }).catch(() => {}); // the database may be what went away
      throw error;
    }
  });
}

const reasonOf = (error: unknown) =>
  error instanceof AppError ? error.message : 'It failed unexpectedly; the log says more.';

const underWay = () =>
  new AppError('conflict', 'This is under way already. Look at its progress, and start it again when it is over.');
