import type { Session, Text } from './session.ts';

export interface PgType {
  name: string;
  /** The type of the elements, for an array. */
  element: number | null;
  delimiter: string;
  /** The type below a domain. */
  base: number | null;
}

const question = `
  select t.oid, t.typname, pg_catalog.format_type(t.oid, -1),
    case when t.typcategory = 'A' and t.typlen = -1 and t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc then t.typelem end,
    coalesce(e.typdelim, ','), nullif(t.typbasetype, 0)
  from pg_catalog.pg_type t left join pg_catalog.pg_type e on e.oid = t.typelem
  where t.oid = any ($1::pg_catalog.oid[])`;

/** Learns what these types are, and what they are made of; most are known after the first query. */
export async function learnTypes(session: Session, numbers: number[], signal: AbortSignal): Promise<void> {
  const { types } = session;
  let unknown = [...new Set(numbers)].filter((each) => !types.has(each));
  while (unknown.length) {
    const { rows } = await session.run(question, [`{${unknown.join()}}`], signal);
    for (const row of rows) types.set(Number(row[0]), typeIn(row));
    const parts = unknown.flatMap((each) => [types.get(each)?.element, types.get(each)?.base]);
    unknown = [...new Set(parts)].filter((each): each is number => Boolean(each) && !types.has(each as number));
  }
}

const typeIn = ([, name, shown, element, delimiter, base]: Text[]): PgType => ({
  name: name?.startsWith('_') ? (shown ?? '') : (name ?? ''),
  element: element ? Number(element) : null,
  delimiter: delimiter ?? ',',
  base: base ? Number(base) : null,
});

/** The type itself, below its domains. */
export function plainType(types: Map<number, PgType>, number: number): PgType | undefined {
  const type = types.get(number);
  return type?.base ? plainType(types, type.base) : type;
}
