import { type SQL, sql } from 'drizzle-orm';

/**
 * Another one says that one of these rows may say something else: which transactions wrote them last, and in which run of which server.
 * Where a backup was brought back, or a standby took over, transactions are counted from an earlier number on: some have the number of lost ones.
 * @param writtenBy `xmin` of each row
 */
export const rowVersion = (...writtenBy: SQL[]): SQL<string> =>
  sql<string>`concat_ws(' ', ${sql.join(writtenBy, sql`, `)}, (select extract(epoch from pg_postmaster_start_time())))`;
