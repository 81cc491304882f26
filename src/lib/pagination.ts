import { invalid } from '../errors.ts';

/** An opaque cursor: the sort keys of the last row. */
export const encodeCursor = (keys: string[]): string => Buffer.from(JSON.stringify(keys)).toString('base64url');

/** @throws AppError invalid_input when the text is no cursor with `length` keys */
export function decodeCursor(cursor: string, length: number): string[] {
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(keys) && keys.length === length && keys.every(isKey)) return keys;
  } catch {
    // not JSON: told below
  }
  throw invalid({
    cursor: ['This is not a cursor of this list. Take next_cursor from the previous page, or leave it out.'],
  });
}

const isKey = (key: unknown): key is string => typeof key === 'string' && key.length <= 4000 && !key.includes('\0');

/**
 * A page of rows that were read whole: `limit` of them, all without it, from behind the row whose key the cursor holds.
 * @throws AppError invalid_input when no row has that key any more
 */
export function pageOf<Row>(rows: Row[], query: { limit?: number; cursor?: string }, keyOf: (row: Row) => string) {
  const rest = rows.slice(startOf(rows, query.cursor, keyOf));
  return page(rest, query.limit ?? rest.length, (row) => [keyOf(row)]);
}

function startOf<Row>(rows: Row[], cursor: string | undefined, keyOf: (row: Row) => string): number {
  if (!cursor) return 0;
  const [key] = decodeCursor(cursor, 1);
  const last = rows.findIndex((row) => keyOf(row) === key);
  if (last < 0) throw invalid({ cursor: ['The list has changed since that page. Start again without a cursor.'] });
  return last + 1;
}

/** Splits `limit + 1` fetched rows into a page and the cursor of the next one. */
export function page<Row>(rows: Row[], limit: number, keysOf: (row: Row) => string[]) {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, nextCursor: rows.length > limit && last ? encodeCursor(keysOf(last)) : null };
}
