import { randomInt } from 'node:crypto';
import type { Sql } from 'postgres';
import { type Connection, connect } from './connection.ts';
import { DeadlinePassed } from './failures.ts';

export interface PoolOptions {
  connection: Connection;
  /** Connections at most. */
  max: number;
  /** Nobody waits longer for one statement or one transaction. */
  deadlineMs: number;
}

type Codecs = Pick<Sql['options'], 'parsers' | 'serializers'>;

/** How long a replaced pool may finish what it is doing. */
const graceSeconds = 1;

/** The driver's pool, which is replaced when one of its connections no longer answers. */
export class Pool {
  readonly deadlineMs: number;
  /** What Drizzle changes about the driver's reading and writing of values; every pool gets it. */
  readonly codecs = { parsers: {}, serializers: {} } as Codecs;
  readonly #options: PoolOptions;
  #sql: Sql | null = null;
  #lastAnswer = 0;
  #closed = false;
  readonly #waiting = new Set<{ since: number }>();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.deadlineMs = options.deadlineMs;
  }

  get sql(): Sql {
    this.#sql ??= this.#open();
    return this.#sql;
  }

  #open(): Sql {
    const { connection, max, deadlineMs } = this.#options;
    const sql = connect(connection, {
      max,
      connect_timeout: 3,
      backoff: () => randomInt(50, 150) / 1000, // the driver's own waits up to 20 s after a server is back
      connection: {
        application_name: 'patchbay',
        statement_timeout: deadlineMs * 0.75, // below the deadline, so that one slow statement is cancelled and costs no pool
        lock_timeout: deadlineMs * 0.5,
        idle_in_transaction_session_timeout: deadlineMs * 1.25,
      },
    });
    Object.assign(sql.options.parsers, this.codecs.parsers);
    Object.assign(sql.options.serializers, this.codecs.serializers);
    return sql;
  }

  /** The server answered something. */
  answered() {
    this.#lastAnswer = performance.now();
  }

  /** Somebody waits for a connection; to be called when that is over. */
  wait(): () => void {
    const one = { since: performance.now() };
    this.#waiting.add(one);
    return () => void this.#waiting.delete(one);
  }

  /** Milliseconds that whoever waits longest for a connection has waited; 0 when nobody does. */
  get waitedMs(): number {
    for (const { since } of this.#waiting) return performance.now() - since;
    return 0;
  }

  /** True when the server has answered nothing since this moment of `performance.now()`. */
  silentSince(moment: number): boolean {
    return this.#lastAnswer < moment;
  }

  /** Opens a new pool in place of this one, unless somebody has done so, and ends the old one without waiting for it. */
  replace(stale: Sql) {
    if (stale !== this.#sql || this.#closed) return;
    this.#sql = null;
    stale.end({ timeout: graceSeconds }).catch(() => {});
    // A connection that was being made when the old pool ended opens all the same; it is closed here.
    setTimeout(() => closeAll(stale), 10_000).unref();
  }

  /** Ends the pool; resolves after a few seconds at most, whatever the driver does. */
  async close() {
    this.#closed = true;
    const sql = this.#sql;
    if (!sql) return;
    await Promise.race([sql.end({ timeout: 2 }).catch(() => {}), waitUnreferenced(3_000)]);
  }
}

/** The driver has this function without declaring it; unlike `end` it can be called again. */
const closeAll = (sql: Sql) => (sql as Sql & { close(): Promise<void> }).close().catch(() => {});

const waitUnreferenced = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/**
 * Settles with the promise, or rejects when the time is over.
 * @throws DeadlinePassed
 */
export async function withDeadline<T>(promise: PromiseLike<T>, ms: number, onDeadline: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onDeadline();
      reject(new DeadlinePassed(`Not over after ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
