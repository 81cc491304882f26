import { PostgresJsPreparedQuery } from 'drizzle-orm/postgres-js';
import { noteBreak, noteLasting } from '../lib/lasting.ts';
import { explainFailure } from './failures.ts';
import { GuardedQuery, mayChange, type Statement, send } from './guarded-query.ts';
import { type Pool, withDeadline } from './pool.ts';
import { type Mode, runTransaction, type TransactionClient } from './transaction.ts';

/**
 * What Drizzle takes for the driver: it stays the same while the pools behind it come and go.
 * @param changed told after each transaction, and each statement of its own that may have changed something
 */
export const driverFacade = (pool: Pool, mode: Mode, changed = () => {}) => ({
  options: pool.codecs,
  unsafe: (text: string, parameters: unknown[] = []) =>
    new GuardedQuery(
      (statement, asValues) => {
        const answer = runAlone(pool, statement, asValues);
        return mayChange(statement) && !counts(statement) ? answer.finally(changed) : answer;
      },
      { text, parameters },
    ),
  begin: (work: (client: TransactionClient) => Promise<unknown>) => runTransaction(pool, mode, work).finally(changed),
});

/** Requests are counted with each of them, and nobody remembers how many they were. */
const counts = ({ text }: Statement) => /\brate_limits\b/.test(text);

/** One statement outside a transaction, which commits by itself. */
async function runAlone(pool: Pool, statement: Statement, asValues: boolean): Promise<unknown> {
  const { sql, deadlineMs } = pool;
  const started = performance.now();
  const { answer, wasSent } = send(sql, statement, asValues);
  const onDeadline = () => {
    if (wasSent() || pool.silentSince(started)) pool.replace(sql);
  };
  try {
    const rows = await withDeadline(answer, deadlineMs, onDeadline);
    pool.answered();
    if (mayChange(statement) && !counts(statement)) noteLasting();
    return rows;
  } catch (error) {
    throw noteBreak(explainFailure(error, wasSent() && mayChange(statement) ? 'a change' : 'nothing to save'));
  }
}

/** Drizzle would put every parameter into an error's message, and from there into logs. Errors pass as they are instead. */
Object.assign(PostgresJsPreparedQuery.prototype, {
  queryWithCache: (_text: string, _parameters: unknown[], query: () => Promise<unknown>) => query(),
});
