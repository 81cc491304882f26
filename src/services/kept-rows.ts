import type { Ctx } from '../context.ts';
import type { Database } from '../db/client.ts';

interface Listed {
  id: string;
  /** Another one says that the row may say something else. */
  version: string;
}

/** Characters of a row as JSON. Larger ones are read each time: any workspace could have as many as are kept. */
const largest = 16_384;

/**
 * Lists are asked for far more often than one of their rows changes: so rows are kept as of their versions, which the tenant's own
 * transaction has just told, and only others are read. They are shared: nobody changes them.
 * @param mostKept of all tenants
 */
export function keptRows<Row extends { id: string }>(mostKept: number) {
  const keptBy = new WeakMap<Database, Map<string, { version: string; row: Row }>>();

  /** What these rows say, in their order, without those that are gone; `read` reads those with the given ids. */
  return async function readKept(
    { hub, tenantId }: Ctx,
    listed: Listed[],
    read: (ids: string[]) => Promise<Row[]>,
  ): Promise<Row[]> {
    const kept = keptBy.get(hub.db) ?? new Map<string, { version: string; row: Row }>();
    keptBy.set(hub.db, kept);
    const rows = new Map<string, Row>();
    const versions = new Map<string, string>();
    for (const { id, version } of listed) {
      const known = kept.get(`${tenantId} ${id}`);
      if (known?.version === version) rows.set(id, known.row);
      else versions.set(id, version);
    }
    // One that changed since it was listed is kept as of the older version, and so read again next time.
    for (const row of versions.size ? await read([...versions.keys()]) : []) {
      rows.set(row.id, row);
      kept.delete(`${tenantId} ${row.id}`); // to the end of the order: what was read longest ago goes first
      if (JSON.stringify(row).length > largest) continue;
      kept.set(`${tenantId} ${row.id}`, { version: versions.get(row.id) ?? '', row });
    }
    for (const [oldest] of kept) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    return listed.flatMap(({ id }) => rows.get(id) ?? []);
  };
}
