import type { ConstructorOptions, PgBoss } from 'pg-boss';
import type { Connection } from '../db/connection.ts';
import type { RoleMode } from '../db/login.ts';

export interface Tuning {
  /** A worker that has been silent for so long is dead, and its jobs are taken over; 10 at least. */
  heartbeatSeconds: number;
  /** How often somebody looks for that. */
  monitorSeconds: number;
  /** How often the clock is read: so late a schedule may start. */
  cronSeconds: number;
  /** How long the end waits for jobs that run; what is left then runs again elsewhere. */
  drainMs: number;
  /** Before the first repetition; doubled each time, up to ten minutes. */
  retryDelaySeconds: number;
}

/** A little less than the hub has for stopping altogether. */
export const usual: Tuning = {
  heartbeatSeconds: 30,
  monitorSeconds: 10,
  cronSeconds: 15,
  drainMs: 7_000,
  retryDelaySeconds: 5,
};

/** The job library on connections of its own, which never waits for ever and works as the same role as the hub outside of tenants. */
export async function openBoss(connection: Connection, mode: RoleMode, tuning: Tuning): Promise<PgBoss> {
  const { PgBoss } = await import('pg-boss');
  const role = mode === 'set local role' ? { options: '-c role=patchbay_system' } : {};
  return new PgBoss({ ...addressOf(connection), ...role, ...limits, ...behaviour(tuning) });
}

const addressOf = (connection: Connection): ConstructorOptions =>
  typeof connection === 'string' ? { connectionString: likeLibpq(connection) } : connection;

/** Without this the library reads `sslmode=require` as `verify-full`, unlike the hub's other connections. */
function likeLibpq(text: string): string {
  const url = new URL(text);
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

const limits: object = {
  application_name: 'patchbay-jobs',
  max: 4,
  connectionTimeoutMillis: 5_000,
  statement_timeout: 10_000,
  lock_timeout: 5_000,
  query_timeout: 15_000, // by the clock here: a server that fell silent cancels nothing
  idle_in_transaction_session_timeout: 15_000,
};

const behaviour = ({ monitorSeconds, cronSeconds }: Tuning): ConstructorOptions => ({
  schema: 'pgboss',
  // The owner does both, in installJobSchema.
  migrate: false,
  createSchema: false,
  reindex: false,
  monitorVacuum: false,
  useListenNotify: true,
  monitorIntervalSeconds: monitorSeconds,
  superviseIntervalSeconds: monitorSeconds,
  cronMonitorIntervalSeconds: cronSeconds,
  cronWorkerIntervalSeconds: Math.min(cronSeconds, 5),
});
