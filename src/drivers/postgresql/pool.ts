import { type ExecutionContext, ServiceError } from '../driver.ts';
import { lost, openSession, type Session } from './session.ts';
import type { Settings } from './settings.ts';
import type { PgType } from './types.ts';

/** How long a connection that nobody uses stays open. */
const idleMs = 30_000;
const longestQueue = 200;

interface Waiter {
  /** Gets a connection, or null for the place of one that it may open. */
  give(session: Session | null): void;
}

/** A connector's connections: some are kept, more are opened under load, and then callers wait for their turn. */
export class Pool {
  readonly settings: Settings;
  readonly #types = new Map<number, PgType>();
  readonly #idle: Session[] = [];
  readonly #busy = new Set<Session>();
  readonly #waiting: Waiter[] = [];
  /** Connections that are open or being opened. */
  #places = 0;
  #closed = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  get inUse(): boolean {
    return this.#places > this.#idle.length;
  }

  /**
   * A connection for this caller alone, until `release`.
   * @param fresh a new one, because a kept one turned out to be dead
   * @throws ServiceError `rate_limited` when all are in use until the deadline, and what opening one throws
   */
  async acquire(context: ExecutionContext, fresh = false): Promise<Session> {
    const kept = fresh ? undefined : this.#takeIdle();
    const session = kept ?? (await this.#openOrWait(context));
    this.#busy.add(session);
    return session;
  }

  release(session: Session): void {
    this.#busy.delete(session);
    const usable = !this.#closed && session.alive;
    const next = usable ? this.#waiting.shift() : undefined;
    if (next) next.give(session);
    else if (usable && this.#idle.length < this.settings.poolSize) this.#keep(session);
    else this.#drop(session);
  }

  #keep(session: Session) {
    session.idleSince = performance.now();
    this.#idle.push(session);
    this.#planSweep();
  }

  /** Idle connections end now, those in use when they are given back. Who waits is told. */
  close({ atOnce = false } = {}): void {
    this.#closed = true;
    clearTimeout(this.#sweep);
    for (const session of this.#idle.splice(0)) this.#drop(session);
    if (atOnce) for (const session of this.#busy) session.close();
  }

  #takeIdle(): Session | undefined {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) {
      if (session.alive) return session;
      this.#drop(session);
    }
    return undefined;
  }

  async #openOrWait(context: ExecutionContext): Promise<Session> {
    const { poolSize, maxOverflow } = this.settings;
    if (this.#places < poolSize + maxOverflow) this.#places += 1;
    else {
      const given = await this.#wait(context);
      if (given) return given;
    }
    try {
      if (this.#closed) throw lost();
      return await openSession(context, this.settings, this.#types);
    } catch (error) {
      this.#freePlace();
      throw error;
    }
  }

  #wait({ signal, dial }: ExecutionContext): Promise<Session | null> {
    const most = this.settings.poolSize + this.settings.maxOverflow;
    const full = (retryAfterMs: number) =>
      new ServiceError(
        'rate_limited',
        `All ${most} connections to the database are in use. Try again in a few seconds.`,
        {
          retryAfterMs,
        },
      );
    if (this.#waiting.length >= longestQueue) throw full(5_000);
    return new Promise((resolve, reject) => {
      const leave = (end: () => void) => {
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        end();
      };
      const giveUp = () => leave(() => reject(full(2_000)));
      const waiter: Waiter = { give: (session) => leave(() => resolve(session)) };
      // Two thirds of the time: the rest is for the work itself.
      const timer = setTimeout(giveUp, (dial.timeLeftMs() * 2) / 3);
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #drop(session: Session) {
    session.close();
    this.#freePlace();
  }

  /** Who waits first may open a connection in its place. */
  #freePlace() {
    const next = this.#waiting.shift();
    if (next) next.give(null);
    else this.#places -= 1;
  }

  #planSweep() {
    clearTimeout(this.#sweep);
    this.#sweep = setTimeout(() => {
      const until = performance.now() - idleMs;
      const old = this.#idle.filter(({ idleSince, alive }) => idleSince <= until || !alive);
      for (const session of old) {
        this.#idle.splice(this.#idle.indexOf(session), 1);
        this.#drop(session);
      }
      if (this.#idle.length) this.#planSweep();
    }, idleMs).unref();
  }
}
