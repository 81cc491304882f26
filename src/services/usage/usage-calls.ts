import type { Ctx } from '../../context.ts';
import { isUuid } from '../../db/queries/text.ts';
import { selectUsageCalls, type UsageCall } from '../../db/queries/usage-calls.ts';
import { invalid } from '../../errors.ts';
import { decodeCursor, encodeCursor, page } from '../../lib/pagination.ts';
import { ownKeys, spanOf } from './usage.ts';

interface CallsQuery {
  from?: Date;
  until?: Date;
  cursor?: string;
  limit?: number;
}

/**
 * Single calls of language models and what each used, oldest first, the last 30 days unless told; members get those of their own keys.
 * @throws AppError invalid_input for a cursor of another list
 */
export async function listUsageCalls(ctx: Ctx, { from, until, cursor, limit = 50 }: CallsQuery) {
  const after = cursor ? keysIn(cursor) : null;
  const rows = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const apiKeyIds = await ownKeys(tx, ctx);
      return selectUsageCalls(tx, ctx.tenantId, spanOf(from, until), { after, limit: limit + 1, apiKeyIds });
    },
    { readOnly: true },
  );
  return page(rows, limit, keysOf);
}

const keysOf = (row: UsageCall): [string, string] => [row.at, row.id];

function keysIn(cursor: string): [string, string] {
  const [at = '', id = ''] = decodeCursor(cursor, 2);
  if (isUuid(id) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(at) && !Number.isNaN(Date.parse(at)))
    return [at, id];
  throw invalid({ cursor: ['This is not a cursor of this list. Take next_cursor from the previous page.'] });
}

/** All of them, a page at a time: each is read when the one before was taken, in a transaction of its own. */
export async function* allUsageCalls(ctx: Ctx, query: Omit<CallsQuery, 'limit'>): AsyncGenerator<UsageCall[]> {
  const { from, until } = spanOf(query.from, query.until);
  let cursor = query.cursor;
  for (;;) {
    const { data, nextCursor } = await listUsageCalls(ctx, { from, until, cursor, limit: 1_000 });
    yield data;
    const last = data.at(-1);
    if (!nextCursor || !last) return;
    cursor = encodeCursor(keysOf(last));
  }
}
