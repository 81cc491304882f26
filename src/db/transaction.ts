import type { Sql, TransactionSql } from 'postgres';
import { noteBreak, noteLasting } from '../lib/lasting.ts';
import { DeadlinePassed, explainFailure, isConnectionLost, isReadOnlyRefusal, unavailable } from './failures.ts';
import { GuardedQuery, mayChange, type Statement, send } from './guarded-query.ts';
import { type Pool, withDeadline } from './pool.ts';

export type Mode = '' | 'read only';

/** What Drizzle sees of a transaction. */
export interface TransactionClient {
  unsafe(text: string, parameters?: unknown[]): GuardedQuery;
  savepoint(work: (inner: TransactionClient) => Promise<unknown>): Promise<unknown>;
}

type Work = (client: TransactionClient) => Promise<unknown>;

/**
 * Runs `work` in a transaction that is over, one way or the other, by the pool's deadline.
 * @throws AppError unavailable or outcome_unknown, the server's error, or what `work` throws
 */
export const runTransaction = (pool: Pool, mode: Mode, work: Work) => new Transaction(pool, mode, work).run();

/**
 * The driver gives a dead connection's slot to the next caller. From then on nothing of the old transaction may reach that slot, no
 * statement and no COMMIT or ROLLBACK either, or it would run inside somebody else's transaction: hence `lost` and `never`.
 */
class Transaction {
  readonly #pool: Pool;
  readonly #sql: Sql;
  readonly #mode: Mode;
  readonly #work: Work;
  #stage: 'waiting' | 'working' | 'committing' = 'waiting';
  #lost = false;
  #expired = false;
  #over = false;
  #stopWaiting = () => {};
  #mayChange = false;
  #thrown: { error: unknown } | null = null;

  constructor(pool: Pool, mode: Mode, work: Work) {
    this.#pool = pool;
    this.#sql = pool.sql;
    this.#mode = mode;
    this.#work = released(work);
  }

  async run(): Promise<unknown> {
    const started = performance.now();
    this.#stopWaiting = this.#pool.wait();
    const running = this.#sql.begin(this.#mode, (inner) => this.#carryOut(inner));
    running.catch((error) => this.#noteLoss(error));
    try {
      const result = await withDeadline(running, this.#pool.deadlineMs, () => this.#expire(running, started));
      this.#pool.answered();
      if (this.#mayChange) noteLasting();
      return result;
    } catch (error) {
      if (this.#thrown?.error === error) throw noteBreak(error);
      throw noteBreak(
        explainFailure(error, this.#stage === 'committing' && this.#mayChange ? 'a change' : 'nothing to save'),
      );
    } finally {
      this.#stopWaiting();
    }
  }

  async #carryOut(inner: TransactionSql): Promise<unknown> {
    this.#stopWaiting();
    if (this.#expired) throw new DeadlinePassed('Got its connection too late');
    this.#stage = 'working';
    this.#pool.answered();
    // What of the work still runs when the rest has failed comes too late: its statements would reach whoever has the connection next.
    const result = await this.#guard(this.#work(this.#clientOf(inner))).finally(() => (this.#over = true));
    if (this.#expired) throw new DeadlinePassed('Worked too long');
    this.#stage = 'committing';
    return result;
  }

  /** Settles with the work, but never on a lost connection: the driver would go on with COMMIT or ROLLBACK. */
  async #guard(work: Promise<unknown>): Promise<unknown> {
    try {
      const result = await work;
      return this.#lost ? await never : result;
    } catch (error) {
      if (this.#lost) return await never;
      this.#thrown = { error };
      throw error;
    }
  }

  #clientOf(inner: TransactionSql): TransactionClient {
    const run = (statement: Statement, asValues: boolean) => this.#runStatement(inner, statement, asValues);
    return {
      unsafe: (text, parameters = []) => new GuardedQuery(run, { text, parameters }),
      savepoint: async (work) => {
        this.#assertAlive();
        const nestedWork = released(work);
        return inner.savepoint((nested) => this.#guard(nestedWork(this.#clientOf(nested))));
      },
    };
  }

  async #runStatement(inner: TransactionSql, statement: Statement, asValues: boolean): Promise<unknown> {
    this.#assertAlive();
    if (this.#mode !== 'read only') this.#mayChange ||= mayChange(statement);
    const unanswered = setTimeout(() => this.#pool.replace(this.#sql), this.#pool.deadlineMs);
    try {
      return await send(inner, statement, asValues).answer;
    } catch (error) {
      this.#noteLoss(error);
      throw this.#mode === 'read only' && isReadOnlyRefusal(error) ? error : explainFailure(error, 'nothing to save');
    } finally {
      clearTimeout(unanswered);
      if (!this.#lost) this.#pool.answered();
    }
  }

  #assertAlive() {
    if (this.#lost || this.#expired || this.#over) throw unavailable(new DeadlinePassed('The transaction is over'));
  }

  #noteLoss(error: unknown) {
    if (this.#thrown?.error !== error && isConnectionLost(error)) this.#lost = true;
  }

  #expire(running: Promise<unknown>, started: number) {
    this.#expired = true;
    const gone = this.#stage === 'committing' || (this.#stage === 'waiting' && this.#pool.silentSince(started));
    if (gone) return this.#pool.replace(this.#sql);
    const last = setTimeout(() => this.#pool.replace(this.#sql), this.#pool.deadlineMs);
    running.catch(() => {}).finally(() => clearTimeout(last));
  }
}

/**
 * The work, held until it begins. The driver remembers where statements came from for as long as it lives, and so the first transaction
 * with a savepoint: with its work it would keep the secrets that somebody typed.
 */
function released(work: Work): Work {
  let held: Work | null = work;
  return (client) => {
    const begun = held;
    held = null;
    if (!begun) throw new Error('This work has begun already.');
    return begun(client);
  };
}

const never = new Promise<never>(() => {});
