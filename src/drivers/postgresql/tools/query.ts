import { createHash } from 'node:crypto';
import { type ExecutionContext, object, ServiceError, type Tool, type Values } from '../../driver.ts';
import type { Answer } from '../session.ts';
import { inTransaction, type Work } from '../transaction.ts';
import { encodeParameters, listIn, parameters, shapes, shownRows, statement } from './shapes.ts';

/** Text of all values of a page; a row that is larger is a page of its own. */
const pageBytes = 4 * 1024 * 1024;
const firstBatch = 50;

export const executeQuery: Tool = {
  slug: 'execute_query',
  title: 'Run a query',
  description:
    'Runs one SELECT, VALUES, WITH, TABLE, SHOW or EXPLAIN with its parameters, and gives the rows page by page. It reads only, whatever the connector allows: changes are refused and always rolled back. Order the rows, or pages may overlap.',
  input: object(
    {
      sql: statement('One statement; values belong into parameters as $1, $2 and so on.'),
      parameters,
      limit: { type: 'integer', title: 'Rows at most', minimum: 1, maximum: 100_000 },
      cursor: { type: 'string', title: 'Cursor', description: 'next_cursor of the page before.', maxLength: 200 },
    },
    ['sql'],
  ),
  output: shapes.rows,
  sideEffect: 'none',
  run: (context, input) => inTransaction(context, 'read only', (work) => query(context, work, input)),
};

async function query(_context: ExecutionContext, work: Work, input: Values) {
  const sql = String(input.sql).trim().replace(/;+$/, '').trim();
  const given = listIn(input.parameters);
  const limit = Math.min(Number(input.limit ?? work.settings.rowCap), work.settings.rowCap);
  const mark = createHash('sha256')
    .update(JSON.stringify([sql, given]))
    .digest('base64url')
    .slice(0, 16);
  const offset = offsetIn(input.cursor, mark);
  const texts = await encodeParameters(work, sql, given);
  const page = tells.test(sql)
    ? cut(await work.run(sql, texts), offset, limit)
    : await throughCursor(work, { sql, texts, offset, limit });
  const shown = await shownRows(work, page.answer);
  const next = page.more ? encodeCursor(offset + shown.rows.length, mark) : null;
  return { ...shown, row_count: shown.rows.length, has_more: page.more, next_cursor: next };
}

/** Statements that only tell something, and that no cursor takes. */
const tells = /^(explain|show)\s/i;

interface Page {
  answer: Answer;
  more: boolean;
}

function cut(answer: Answer, offset: number, limit: number): Page {
  const rows = answer.rows.slice(offset, offset + limit);
  return { answer: { ...answer, rows }, more: answer.rows.length > offset + limit };
}

/** The grammar of DECLARE lets nothing through but a query: no COMMIT, SET, COPY or second statement. */
async function throughCursor(
  { run }: Work,
  { sql, texts, offset, limit }: { sql: string; texts: (string | null)[]; offset: number; limit: number },
): Promise<Page> {
  await run(`declare patchbay_page no scroll cursor without hold for ${sql}`, texts);
  if (offset) await run(`move forward ${offset} from patchbay_page`);
  const rows: Answer['rows'] = [];
  let [columns, bytes, batch]: [Answer['columns'], number, number] = [[], 0, firstBatch];
  while (rows.length <= limit && bytes < pageBytes) {
    const wanted = Math.min(batch, limit + 1 - rows.length);
    const answer = await run(`fetch forward ${wanted} from patchbay_page`);
    columns = answer.columns;
    for (const row of answer.rows) {
      rows.push(row);
      bytes += sizeOf(row);
      if (bytes > pageBytes && rows.length > 1)
        return { answer: { columns, rows: rows.slice(0, -1), count: 0 }, more: true };
    }
    if (answer.rows.length < wanted)
      return { answer: { columns, rows: rows.slice(0, limit), count: 0 }, more: rows.length > limit };
    batch = nextBatch(bytes / rows.length);
  }
  // One row beyond the limit was asked for; a page that its size ended is followed by another one, perhaps an empty one.
  return { answer: { columns, rows: rows.slice(0, limit), count: 0 }, more: true };
}

const sizeOf = (row: (string | null)[]) => row.reduce((sum, each) => sum + (each?.length ?? 4) + 4, 0);

/** As many rows as fit into about a megabyte. */
const nextBatch = (average: number) => Math.max(1, Math.min(5_000, Math.floor(1_048_576 / Math.max(1, average))));

const encodeCursor = (offset: number, mark: string) =>
  Buffer.from(JSON.stringify([offset, mark])).toString('base64url');

/** How many rows were given out already. @throws ServiceError `input` for the cursor of another query */
function offsetIn(cursor: unknown, mark: string): number {
  if (cursor === undefined || cursor === null || cursor === '') return 0;
  const [offset, of] = parsed(String(cursor));
  if (Number.isSafeInteger(offset) && (offset as number) >= 0 && of === mark) return offset as number;
  throw new ServiceError('input', 'This cursor belongs to another query. Start without one.', {
    field: 'arguments.cursor',
  });
}

function parsed(cursor: string): unknown[] {
  try {
    return listIn(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    return [];
  }
}
