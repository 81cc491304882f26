/** A table for people. */
export interface Sheet {
  columns: string[];
  /** Null for what the row does not have. */
  rows: (string | null)[][];
  /** How many rows are not shown. */
  more: number;
}

const mostRows = 200;
const mostColumns = 50;
const longestValue = 500;

/**
 * The list of records in an answer as a table: the answer itself, its `rows`, or its only list of records. Null where there is none, and
 * for records with too many fields to read side by side.
 */
export function sheetOf(answer: unknown): Sheet | null {
  const records = recordsIn(answer);
  if (!records?.length) return null;
  const shown = records.slice(0, mostRows);
  const columns = [...new Set(shown.flatMap(Object.keys))];
  if (!columns.length || columns.length > mostColumns) return null;
  const rows = shown.map((record) =>
    columns.map((column) => (Object.hasOwn(record, column) ? textOf(record[column]) : null)),
  );
  return { columns: columns.map(short), rows, more: records.length - shown.length };
}

type Fields = Record<string, unknown>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isRecords = (value: unknown): value is Fields[] => Array.isArray(value) && value.every(isRecord);

function recordsIn(answer: unknown): Fields[] | undefined {
  if (isRecords(answer)) return answer;
  if (!isRecord(answer)) return undefined;
  if (isRecords(answer.rows)) return answer.rows;
  const lists = Object.values(answer).filter((value) => isRecords(value) && value.length > 0);
  return lists.length === 1 ? (lists[0] as Fields[]) : undefined;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return short(typeof value === 'string' ? value : JSON.stringify(value));
}

const short = (text: string) => (text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);
