import { sql } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql } from 'postgres';
import { driverFacade } from './facade.ts';
import { isConflict, unavailable } from './failures.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { isUuid } from './queries/text.ts';
import { Recent } from './recent.ts';
import type { Mode, TransactionClient } from './transaction.ts';

export { uniqueViolation } from './failures.ts';

export type Drizzle = PostgresJsDatabase<Record<string, never>>;
/** A transaction that belongs to one tenant; what every query takes. */
export type Tx = Parameters<Parameters<Drizzle['transaction']>[0]>[0];

export interface Database {
  /** Drizzle on the application's login, outside any tenant: identity, catalog, rate limits, hub secrets. */
  system: Drizzle;
  /**
   * Runs `work` in one transaction that sees and writes rows of this tenant only. It runs again, three times at most, when it lost
   * against another transaction: so nothing but the database may remember that it ran.
   * @param options.quiet what it writes is nothing that `recent` keeps
   * @throws AppError unavailable when the database is away or a deadline passed, outcome_unknown when the answer to a COMMIT was lost
   */
  asTenant<T>(
    tenantId: string,
    work: (tx: Tx) => Promise<T>,
    options?: { readOnly?: boolean; quiet?: boolean },
  ): Promise<T>;
  /** What was read a moment ago; writing through this database makes it forget. */
  recent: Recent;
  /** Milliseconds that whoever waits longest for a connection has waited; 0 when nobody does. */
  waitedMs(): number;
  /** Resolves when the database answers; throws AppError unavailable otherwise. */
  ping(): Promise<void>;
  /** Ends the pools; never waits longer than a few seconds. */
  close(): Promise<void>;
}

const maxAttempts = 4;

/** Opens the pool; nothing connects before the first query. */
export function openDatabase({
  connection,
  max = 10,
  deadlineMs = 4_000,
}: Partial<PoolOptions> & Pick<PoolOptions, 'connection'>): Database {
  const pool = new Pool({ connection, max, deadlineMs });
  const recent = new Recent();
  const drizzleOn = (mode: Mode, changed?: () => void): Drizzle =>
    drizzle(driverFacade(pool, mode, changed) as unknown as Sql);
  const writing = drizzleOn('');
  const reading = drizzleOn('read only');
  return {
    system: drizzleOn('', () => recent.changed(null)),
    recent,
    asTenant: (tenantId, work, { readOnly = false, quiet = readOnly } = {}) => {
      const entered = enterTenant(readOnly ? reading : writing, tenantId, work);
      return quiet ? entered : entered.finally(() => recent.changed(tenantId));
    },
    waitedMs: () => pool.waitedMs,
    ping: async () => {
      await writing.execute(sql`select 1`);
    },
    close: () => pool.close(),
  };
}

/**
 * Sets the tenant for this transaction only. That is on its way before `work` is called, so that the first query comes in the same
 * round trip: PostgreSQL runs what comes over a connection in turn, and when it refuses this, it refuses everything behind it.
 */
function enterTenant<T>(drizzle: Drizzle, tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (!isUuid(tenantId)) return Promise.reject(new TypeError('The tenant id is not a UUID'));
  return repeatOnConflict(() =>
    drizzle.transaction(async (tx) => {
      const entered = sendNow(tx, entry, [tenantId]);
      await handedOver();
      try {
        return await work(tx);
      } finally {
        await entered;
      }
    }),
  );
}

const entry = "select set_config('role', 'patchbay_app', true), set_config('app.tenant_id', $1, true)";

/** Not by Drizzle, whose queries are sent when somebody waits for them: one that overtakes this would see other tenants' rows. */
function sendNow(tx: Tx, text: string, parameters: unknown[]): Promise<unknown> {
  const { client } = tx._.session as unknown as { client: TransactionClient };
  const answer = client.unsafe(text, parameters).then();
  answer.catch(() => {}); // whoever waits for it is told; until then nobody may be
  return answer;
}

/** The driver takes a statement up some microtasks after it was sent; Node comes here when none is left, and before it writes. */
const handedOver = () => new Promise<void>((done) => process.nextTick(done));

async function repeatOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempts === maxAttempts)
        throw unavailable(error, 'Too many people are changing the same data. Try again in a few seconds.');
    }
  }
}
