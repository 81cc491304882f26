import { createHash } from 'node:crypto';
import { withConnection } from '../../src/db/connection.ts';
import type { TestApp } from '../support/app.ts';

/** What looking alone changes: when somebody was here last, and how often. */
const passing = ['rate_limits', 'sessions', 'idempotency_keys', 'account_events'];

/** What is in each table, as a number that differs when anything does; keys without the time of their last use. */
export const contentsOf = (hub: TestApp): Promise<Record<string, string>> =>
  withConnection(hub.database.admin, async (db) => {
    const tables = await db`
      select tablename as name from pg_tables where schemaname = 'public' and tablename not in ${db(passing)} order by 1`;
    const contents: Record<string, string> = {};
    for (const { name } of tables) {
      const rows = await db`select to_jsonb(t) - 'last_used_at' as row from ${db(name)} t order by 1`;
      contents[name] = `${rows.length} ${createHash('sha256').update(JSON.stringify(rows)).digest('hex')}`;
    }
    return contents;
  });

/** The tables in which two of these differ. */
export const changedIn = (before: Record<string, string>, after: Record<string, string>): string[] =>
  Object.keys(after).filter((table) => before[table] !== after[table]);
