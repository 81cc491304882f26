type Cell = string | number | boolean | null;

/** Lines of a table (RFC 4180). */
export const csv = (rows: Cell[][]): string => rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');

/** Text that a spreadsheet would take for a formula gets an apostrophe in front. */
function cell(value: Cell): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
