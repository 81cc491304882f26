import type { Database, Tx } from '../../db/client.ts';
import { type CatalogRow, type EntryStanding, selectCatalog } from '../../db/queries/connector-catalog.ts';

type Kept = Map<string, { version: string; row: CatalogRow }>;

const keptBy = new WeakMap<Database, Kept>();

/**
 * What the catalog says of these entries: tens of kilobytes that change when a newer hub starts. They are read when a row is of a version
 * that this process has not read yet, and are shared: nobody changes them.
 */
export async function catalogContents(db: Database, tx: Tx, standings: EntryStanding[]): Promise<Kept> {
  const kept = keptBy.get(db);
  if (kept && standings.every(({ id, version }) => kept.get(id)?.version === version)) return kept;
  const versions = new Map(standings.map(({ id, version }) => [id, version]));
  // A row that changed since it was listed is kept as of the older version, and so read again next time.
  const rows = (await selectCatalog(tx)).filter(({ id }) => versions.has(id));
  const read: Kept = new Map(rows.map((row) => [row.id, { version: versions.get(row.id) ?? '', row }]));
  keptBy.set(db, read);
  return read;
}
