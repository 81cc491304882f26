import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { OutboundError } from '../../lib/outbound/errors.ts';
import { type ExecutionContext, ServiceError } from '../driver.ts';
import { answerMs, encrypt, silent } from './encryption.ts';
import { isLost, refusal } from './failures.ts';
import type { Settings } from './settings.ts';
import type { PgType } from './types.ts';

/** A value on its way to or from the server: always as text, which loses nothing. */
export type Text = string | null;

export interface Column {
  name: string;
  /** The type's number in pg_type. */
  type: number;
}

export interface Answer {
  columns: Column[];
  rows: Text[][];
  /** Rows that a change concerned. */
  count: number;
}

/** No answer to one statement may be larger: it has to fit into memory. */
const answerBytes = 32 * 1024 * 1024;

/** One connection, used by one caller at a time, and never opened again: whoever loses it knows what was lost. */
export class Session {
  readonly #sql: Sql;
  readonly #socket: Socket;
  /** What is known about the server's types; shared by the connections of a pool. */
  readonly types: Map<number, PgType>;
  /** When it was last given back. */
  idleSince = 0;
  #closed = false;

  constructor(socket: Socket, settings: Settings, types: Map<number, PgType>) {
    this.types = types;
    this.#socket = socket;
    this.#sql = client(socket, settings);
    socket.once('close', () => {
      this.#closed = true;
    });
  }

  get alive(): boolean {
    return !this.#closed && !this.#socket.destroyed && this.#socket.readyState === 'open';
  }

  /**
   * Runs one statement with its parameters; several in one text are refused by the protocol.
   * @throws the server's error, or OutboundError when the connection is lost or the signal fires: the session is closed then
   */
  async run(text: string, parameters: Text[], signal: AbortSignal): Promise<Answer> {
    const query = this.#ask(text, parameters).values();
    const result = (await this.#guarded(query, signal)) as unknown as { columns?: Column[]; count: number };
    const { columns = [], count } = result;
    return { columns, rows: [...(result as unknown as Text[][])], count };
  }

  /** The types of a statement's parameters, without running it. @throws as `run` does */
  async parametersOf(text: string, signal: AbortSignal): Promise<number[]> {
    const { types } = await this.#guarded(this.#ask(text, []).describe(), signal);
    return types;
  }

  /**
   * Sends lines to a `copy … from stdin`, part by part as they are made. What the server refuses after the last of them shows with the next statement only, which then finds
   * its transaction broken off. @throws as `run` does
   */
  async copyIn(text: string, parts: Iterable<string>, signal: AbortSignal): Promise<void> {
    await this.#guarded(this.#copied(text, parts), signal);
  }

  async #copied(text: string, parts: Iterable<string>): Promise<void> {
    const stream = await this.#ask(text, []).writable();
    await pipeline(Readable.from(parts), stream, { end: false });
    stream.on('error', () => {}).end(); // the next statement is told
    await setImmediate(); // by then the end is on its way, and the next statement may follow
  }

  #ask(text: string, parameters: Text[]) {
    if (!this.alive) throw lost();
    return this.#sql.unsafe(text, parameters as string[], { prepare: false, simple: false } as never);
  }

  async #guarded<T>(query: PromiseLike<T>, signal: AbortSignal): Promise<T> {
    const guard = this.#guard(signal);
    try {
      return await Promise.race([query, guard.broken]);
    } catch (error) {
      if (isLost(error)) this.close();
      throw error;
    } finally {
      guard.stop();
    }
  }

  /** Ends the connection when the caller goes away, the deadline comes, the answer grows too large, or the server is gone. */
  #guard(signal: AbortSignal) {
    const start = this.#socket.bytesRead;
    let fail: (error: Error) => void = () => {};
    const broken = new Promise<never>((_, reject) => {
      fail = (error) => {
        reject(error);
        this.close();
      };
    });
    broken.catch(() => {});
    const abort = () => fail(new OutboundError('timeout', 'The database did not answer in time.', true));
    const close = () => void setImmediate().then(() => fail(lost())); // what the server said last comes first
    const data = () => {
      if (this.#socket.bytesRead - start > answerBytes)
        fail(
          new OutboundError('too_large', 'The rows are too large. Ask for fewer columns, or for parts of them.', true),
        );
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#socket.on('close', close).on('data', data);
    const stop = () => {
      signal.removeEventListener('abort', abort);
      this.#socket.off('close', close).off('data', data);
    };
    return { broken, stop };
  }

  close(): void {
    this.#closed = true;
    this.#sql.end({ timeout: 0 }).catch(() => {});
    this.#socket.destroy();
  }
}

export const lost = () => new OutboundError('broken_off', 'The connection to the database broke off.', true);

/** The driver on a connection that is there already. What it would change about values and parameters is switched off. */
function client(socket: Socket, { user, password, database, host, port }: Settings): Sql {
  let given = false;
  const sql = postgres({
    host: [host] as unknown as string,
    port: [port] as unknown as number,
    user,
    database,
    // As a function: an empty password would be replaced by one of the environment.
    password: () => password,
    max: 1,
    ssl: false,
    fetch_types: false,
    prepare: false,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: answerMs / 1000,
    target_session_attrs: undefined,
    onnotice: () => {},
    connection: { application_name: 'patchbay' },
    socket: () => {
      if (given) throw lost();
      given = true;
      return socket;
    },
  } as unknown as Parameters<typeof postgres>[0]);
  for (const codecs of [sql.options.parsers, sql.options.serializers] as Record<number, unknown>[])
    for (const type of Object.keys(codecs)) delete codecs[Number(type)];
  return sql;
}

/**
 * A new connection, signed in. Refuses the database that the hub itself lives on.
 * @throws ServiceError, OutboundError
 */
export async function openSession(
  context: ExecutionContext,
  settings: Settings,
  types = new Map<number, PgType>(),
): Promise<Session> {
  const plain = await context.dial.open(settings.destination);
  const socket = await encrypt(plain, settings, context.signal);
  const session = new Session(socket, settings, types);
  try {
    await refuseOwnServer(context, session);
    return session;
  } catch (error) {
    session.close();
    throw refusal(error, settings, 'login');
  }
}

async function refuseOwnServer(context: ExecutionContext, session: Session) {
  const [row] = await identify(context, session);
  if (row && (await context.dial.isOwnServer(row)))
    throw new ServiceError(
      'permission',
      'This is the server that Patchbay itself keeps its data on. Use another one.',
      {
        field: 'config.host',
      },
    );
}

/** The identifier of the cluster; nothing where the server does not tell it to everybody. */
async function identify({ signal }: ExecutionContext, session: Session): Promise<string[]> {
  const timer = AbortSignal.timeout(answerMs);
  const within = AbortSignal.any([signal, timer]);
  try {
    const { rows } = await session.run('select system_identifier from pg_catalog.pg_control_system()', [], within);
    return [rows[0]?.[0] ?? ''].filter(Boolean);
  } catch (error) {
    if (timer.aborted && !signal.aborted) throw silent();
    if (['42501', '42883', '0A000'].includes((error as { code?: string }).code ?? '')) return [];
    throw error;
  }
}
