import { getTableColumns, getTableName, type Placeholder, SQL, sql, type WithSubquery } from 'drizzle-orm';
import type { PgColumn, PgInsertBase, PgQueryResultHKT, PgTable } from 'drizzle-orm/pg-core';
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
    const given = givenOf(values);
    const shape = shapeOf(given);
    const run = statements.get(shape) ?? prepared((db) => finish(insertOf(db, table, given)));
    statements.set(shape, run);
    return run(tx, values);
  };
}

/**
 * The same for columns that are changed, for each set of them that is given.
 * @param make with what they are set to; what says which rows are `sql.placeholder(name)`s
 */
export function preparedUpdate<Set extends object, Result>(make: (db: Drizzle, set: Set) => Preparable<Result>) {
  const statements = new Map<string, Run<Result>>();
  return (tx: Tx, set: Set, which: Values): Promise<Result> => {
    const given = givenOf(set as Values, 'set.');
    const shape = shapeOf(given);
    const run = statements.get(shape) ?? prepared((db) => make(db, rowOf(given) as Set));
    statements.set(shape, run);
    return run(tx, { ...which, ...valuesOf(given) });
  };
}

/** A row of some other table. */
interface Beside {
  table: PgTable;
  values: Values;
}

/**
 * The same for a row and what belongs to it in other tables, all by one statement, which returns the row.
 * @param unless another row has the same in these columns: then nothing is inserted, and nothing returned
 */
export function preparedFamily<Table extends PgTable>(table: Table, { unless }: { unless: PgColumn[] }) {
  const statements = new Map<string, Run<Table['$inferSelect'][]>>();
  return (tx: Tx, values: Table['$inferInsert'], beside: Beside[]): Promise<Table['$inferSelect'][]> => {
    const head = givenOf(values);
    const rest = beside.map(({ table, values }, place) => ({ table, given: givenOf(values, `${place}.`) }));
    const shape = [shapeOf(head), ...rest.map(({ table, given }) => `${getTableName(table)} ${shapeOf(given)}`)].join(
      ';',
    );
    const make = (db: Drizzle) => {
      const made: WithSubquery = db
        .$with('made')
        .as(insertOf(db, table, head).onConflictDoNothing({ target: unless }).returning());
      const others = rest.map(({ table, given }, place) =>
        db.$with(`made_${place}`, {}).as(insertFrom(made, table, given)),
      );
      return db
        .with(made, ...others)
        .select()
        .from(made) as unknown as Preparable<Table['$inferSelect'][]>;
    };
    const run = statements.get(shape) ?? prepared(make);
    statements.set(shape, run);
    const all = [head, ...rest.map(({ given }) => given)].flat();
    return run(tx, valuesOf(all));
  };
}

/** A row for each row of `source`. */
function insertFrom(source: WithSubquery, table: PgTable, given: Given[]): SQL {
  const columns = getTableColumns(table);
  const names = given.map(({ name }) => sql.identifier((columns[name] as PgColumn).name));
  const values = Object.entries(rowOf(given)).map(([name, value]) =>
    value instanceof SQL ? value : sql.param(value, columns[name]),
  );
  return sql`insert into ${table} (${sql.join(names, sql`, `)}) select ${sql.join(values, sql`, `)} from ${source}`;
}

interface Given {
  name: string;
  placeholder: string;
  value: unknown;
}

const givenOf = (values: Values, prefix = ''): Given[] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, placeholder: prefix + name, value }));

const valuesOf = (given: Given[]): Values =>
  Object.fromEntries(given.map(({ placeholder, value }) => [placeholder, value]));

const shapeOf = (given: Given[]) => given.map(({ name, value }) => (value === null ? `${name} null` : name)).join();

const insertOf = <Table extends PgTable>(db: Drizzle, table: Table, given: Given[]) =>
  db.insert(table).values(rowOf(given) as Table['$inferInsert']) as unknown as PgInsertBase<Table, PgQueryResultHKT>;

/** A column's type would write null in its own way, so that is part of the text. */
function rowOf(given: Given[]): Record<string, SQL | Placeholder> {
  if (given.some(({ value }) => value instanceof SQL)) throw new TypeError('A prepared row holds values, no SQL.');
  return Object.fromEntries(
    given.map(({ name, placeholder, value }) => [name, value === null ? sql`null` : sql.placeholder(placeholder)]),
  );
}
