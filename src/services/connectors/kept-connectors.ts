import type { Ctx } from '../../context.ts';
import type { Database, Tx } from '../../db/client.ts';
import { type ConnectorRow, type ListedConnector, selectConnectors } from '../../db/queries/connectors.ts';

/** About two kilobytes each, secrets in their envelopes. */
const mostKept = 5_000;

interface Kept {
  version: string;
  row: ConnectorRow;
}

const keptBy = new WeakMap<Database, Map<string, Kept>>();

/**
 * What these connectors say, in their order. A list is asked for far more often than one of its rows changes: so rows are kept as of their
 * versions, which the tenant's own transaction has just told, and only others are read. They are shared: nobody changes them.
 */
export async function readListed(tx: Tx, { hub, tenantId }: Ctx, listed: ListedConnector[]): Promise<ConnectorRow[]> {
  const kept = keptBy.get(hub.db) ?? new Map<string, Kept>();
  keptBy.set(hub.db, kept);
  const rows = new Map<string, ConnectorRow>();
  const versions = new Map<string, string>();
  for (const { id, version } of listed) {
    const known = kept.get(`${tenantId} ${id}`);
    if (known?.version === version) rows.set(id, known.row);
    else versions.set(id, version);
  }
  const ids = [...versions.keys()];
  // One that changed since it was listed is kept as of the older version, and so read again next time.
  for (const row of ids.length ? await selectConnectors(tx, tenantId, { ids, limit: ids.length }) : []) {
    rows.set(row.id, row);
    kept.delete(`${tenantId} ${row.id}`); // to the end of the order: what was read longest ago goes first
    kept.set(`${tenantId} ${row.id}`, { version: versions.get(row.id) ?? '', row });
  }
  for (const [oldest] of kept) {
    if (kept.size <= mostKept) break;
    kept.delete(oldest);
  }
  return listed.flatMap(({ id }) => rows.get(id) ?? []); // without what is gone since it was listed
}
