import type { ExecutionContext } from '../driver.ts';
import { refusal, type Stage } from './failures.ts';
import type { Pool } from './pool.ts';
import { poolOf } from './pools.ts';
import type { Answer, Session, Text } from './session.ts';
import { type Settings, settingsOf } from './settings.ts';
import { learnTypes, type PgType } from './types.ts';

/** What a tool sees of its transaction. */
export interface Work {
  settings: Settings;
  types: Map<number, PgType>;
  /** One statement with its parameters. */
  run(text: string, parameters?: Text[]): Promise<Answer>;
  /** Lines for a `copy … from stdin`; whether the server took them shows with the next statement. */
  copyIn(text: string, parts: Iterable<string>): Promise<void>;
  learn(types: number[]): Promise<void>;
  /** The types of the parameters that a statement takes, without running it. */
  parametersOf(text: string): Promise<number[]>;
}

/**
 * Runs `work` in a transaction on a connection of its own. One that reads is always rolled back; one that changes commits when `work`
 * returns. Whatever happens in it, nothing of it reaches the next caller: the connection is reset, or else closed.
 * @throws ServiceError, OutboundError
 */
export async function inTransaction<T>(
  context: ExecutionContext,
  mode: 'read only' | 'read write',
  work: (tools: Work) => Promise<T>,
): Promise<T> {
  const settings = settingsOf(context);
  context.dial.check(settings.destination);
  const pool = poolOf(context, settings);
  const session = await begun(context, pool, mode);
  let stage: Stage = mode === 'read only' ? 'read' : 'change';
  try {
    const result = await work(toolsOf(context, session, settings));
    if (mode === 'read write') {
      stage = 'commit';
      await session.run('commit', [], context.signal);
      stage = 'read';
    }
    return result;
  } catch (error) {
    throw refusal(error, settings, stage);
  } finally {
    void reset(session).then(() => pool.release(session));
  }
}

const toolsOf = ({ signal }: ExecutionContext, session: Session, settings: Settings): Work => ({
  settings,
  types: session.types,
  run: (text, parameters = []) => session.run(text, parameters, signal),
  copyIn: (text, parts) => session.copyIn(text, parts, signal),
  learn: (numbers) => learnTypes(session, numbers, signal),
  parametersOf: (text) => session.parametersOf(text, signal),
});

/** A connection within its transaction; a kept one that has died since is replaced, as nothing was asked of it yet. */
async function begun(context: ExecutionContext, pool: Pool, mode: string): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    const session = await pool.acquire(context, attempt > 1);
    try {
      await session.run(`begin ${mode}`, [], context.signal);
      await session.run(localSettings(pool.settings, context), [], context.signal);
      return session;
    } catch (error) {
      session.close();
      pool.release(session);
      const gone = !context.signal.aborted && attempt === 1;
      if (!gone) throw refusal(error, pool.settings, mode === 'read only' ? 'read' : 'change');
    }
  }
}

/** The server gives up shortly before the caller's time is over, so that the connection stays good. */
function localSettings({ statementTimeoutMs }: Settings, { dial }: ExecutionContext): string {
  const left = Math.max(100, Math.floor(dial.timeLeftMs() * 0.9));
  const statement = Math.min(statementTimeoutMs, left);
  const values: Record<string, string | number> = {
    statement_timeout: statement,
    lock_timeout: Math.max(50, Math.floor(statement / 2)),
    idle_in_transaction_session_timeout: left + 5_000,
    datestyle: 'ISO, YMD',
    intervalstyle: 'iso_8601',
    timezone: 'UTC',
    bytea_output: 'hex',
    extra_float_digits: 1,
    standard_conforming_strings: 'on',
  };
  const list = Object.entries(values).map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`);
  return `select ${list.join(', ')},
    (select pg_catalog.set_config(name, '2s', true) from pg_catalog.pg_settings where name = 'client_connection_check_interval')`;
}

const resetMs = 3_000;

/** Ends whatever is left of the transaction, and takes back all that a session can remember. */
async function reset(session: Session): Promise<void> {
  if (!session.alive) return;
  const signal = AbortSignal.timeout(resetMs);
  try {
    await session.run('rollback', [], signal);
    await session.run('discard all', [], signal);
  } catch {
    session.close();
  }
}
