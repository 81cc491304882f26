import { SQL, sql } from 'drizzle-orm';
import type { PgInsertBase, PgQueryResultHKT, PgTable } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Drizzle, Tx } from './client.ts';

type Values = Record<string, unknown>;
type Run<Result> = (tx: Tx | Drizzle, values: Values) => Promise<Result>;

/** A query of Drizzle's. */
interface Preparable<Result> {
  prepare(name: string): { execute(values: Values): Promise<Result> };
}

/** Makes texts, and is connected to nothing. */
const builder: Drizzle = drizzle.mock();

/**
 * A statement whose text is made once: for a small one that costs more than all else. What changes from call to call are
 * `sql.placeholder(name)`s.
 */
export function prepared<Result>(make: (db: Drizzle) => Preparable<Result>): Run<Result> {
  let made: ReturnType<Preparable<Result>['prepare']> | undefined;
  return (tx, values) => {
    made ??= make(builder).prepare('statement');
    const { client } = tx._.session as unknown as { client: unknown };
    return Object.assign(Object.create(made) as typeof made, { client }).execute(values);
  };
}

/**
 * The same for one row of a table, for each set of columns that is given; those hold values, never SQL.
 * @param finish what comes behind the values
 */
export function preparedInsert<Table extends PgTable, Result>(
  table: Table,
  finish: (insert: PgInsertBase<Table, PgQueryResultHKT>) => Preparable<Result>,
) {
  const statements = new Map<string, Run<Result>>();
  return (tx: Tx, values: Table['$inferInsert']): Promise<Result> => {
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    const shape = given.map(([name, value]) => (value === null ? `${name} null` : name)).join();
    const run = statements.get(shape) ?? prepared((db) => finish(insertOf(db, table, given)));
    statements.set(shape, run);
    return run(tx, values);
  };
}

/** A column's type would write null in its own way, so that is part of the text. */
function insertOf<Table extends PgTable>(db: Drizzle, table: Table, given: [name: string, value: unknown][]) {
  if (given.some(([, value]) => value instanceof SQL)) throw new TypeError('A prepared row holds values, no SQL.');
  const row = given.map(([name, value]) => [name, value === null ? sql`null` : sql.placeholder(name)]);
  return db.insert(table).values(Object.fromEntries(row)) as unknown as PgInsertBase<Table, PgQueryResultHKT>;
}
