import { type ExecutionContext, object, ServiceError, type Tool } from '../../driver.ts';
import { settingsOf } from '../settings.ts';
import { inTransaction } from '../transaction.ts';
import { encodeParameters, listIn, parameters, shapes, shownRows, statement } from './shapes.ts';

/** What changes data or tables. Not: ending transactions, settings of the session, COPY, and whatever else reaches beyond the statement. */
const allowed =
  /^(insert|update|delete|merge|with|truncate|create|alter|drop|comment|grant|revoke|refresh|analyze|reindex|call|do|select|values)\b/i;

export const executeCommand: Tool = {
  slug: 'execute_command',
  title: 'Run a command',
  description:
    'Runs one statement that changes data or tables, with its parameters, and commits it. Rows of RETURNING come back. Refused while the connector is read only.',
  input: object({ sql: statement('One statement; values belong into parameters as $1, $2 and so on.'), parameters }, [
    'sql',
  ]),
  output: shapes.rows,
  sideEffect: 'write',
  async run(context, input) {
    mustWrite(context);
    const sql = String(input.sql).trim();
    if (!allowed.test(withoutComments(sql)))
      throw new ServiceError('input', 'This kind of statement is not run here: only ones that change data or tables.', {
        field: 'arguments.sql',
      });
    return inTransaction(context, 'read write', async (work) => {
      const answer = await work.run(sql, await encodeParameters(work, sql, listIn(input.parameters)));
      const { rowCap } = work.settings;
      const shown = await shownRows(work, { ...answer, rows: answer.rows.slice(0, rowCap) });
      return { ...shown, row_count: answer.count ?? 0, has_more: answer.rows.length > rowCap };
    });
  },
};

/** @throws ServiceError `permission` while the connector is read only */
export function mustWrite(context: ExecutionContext): void {
  if (!settingsOf(context).readOnly) return;
  throw new ServiceError(
    'permission',
    'This connector is read only. An owner or admin can change that in its settings.',
    {
      field: 'config.read_only',
    },
  );
}

/** Without the comments that it begins with; block comments nest. */
function withoutComments(sql: string): string {
  let rest = sql.trimStart();
  for (;;) {
    if (rest.startsWith('--')) rest = rest.replace(/^--[^\n\r]*/, '').trimStart();
    else if (rest.startsWith('/*')) rest = afterBlock(rest).trimStart();
    else return rest;
  }
}

function afterBlock(text: string): string {
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return text.slice(index + 2);
  }
  return '';
}
