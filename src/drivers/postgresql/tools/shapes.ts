import type { JsonSchema } from '../../../lib/schema/json-schema.ts';
import { object, ServiceError, type Values } from '../../driver.ts';
import type { Answer, Column, Text } from '../session.ts';
import type { Work } from '../transaction.ts';
import { decode, encode } from '../values.ts';

// What the tools have in common: the fields of their inputs, and how rows are shown.

export const schema: JsonSchema = {
  type: 'string',
  title: 'Schema',
  description: 'The schema that the table is in.',
  minLength: 1,
  maxLength: 63,
  default: 'public',
};
export const table: JsonSchema = {
  type: 'string',
  title: 'Table',
  description: 'Its exact name, without schema and without quotes.',
  minLength: 1,
  maxLength: 63,
};
export const statement = (description: string): JsonSchema => ({
  type: 'string',
  title: 'Statement',
  description,
  minLength: 1,
  maxLength: 200_000,
  'x-multiline': true,
});
export const parameters: JsonSchema = {
  type: 'array',
  title: 'Parameters',
  description: 'The values of $1, $2 and so on, in this order. Large numbers as text, bytes as base64.',
  maxItems: 1_000,
  items: { title: 'Value' },
};
const rowOf: JsonSchema = { type: 'object', title: 'Row', additionalProperties: { title: 'Value' } };
export const rows: JsonSchema = {
  type: 'array',
  title: 'Rows',
  description: 'Each with its values by column. Large numbers as text, bytes as base64, times in ISO 8601.',
  minItems: 1,
  maxItems: 20_000,
  items: rowOf,
};
export const where: JsonSchema = {
  type: 'object',
  title: 'Condition',
  description:
    'Which rows: {"column": "status", "operator": "=", "value": "old"}, or several of these in {"and": […]} or {"or": […]}. Operators: = != < <= > >= like not_like ilike not_ilike in not_in is_null is_not_null.',
  minProperties: 1,
  additionalProperties: { title: 'Part' },
};
export const values: JsonSchema = {
  ...rowOf,
  title: 'Values',
  description: 'The new values by column.',
  minProperties: 1,
};

const count: JsonSchema = { type: 'integer' };
export const shapes = {
  rows: {
    type: 'object',
    properties: {
      columns: { type: 'array' },
      rows: { type: 'array' },
      row_count: count,
      has_more: { type: 'boolean' },
    },
  },
  count: object({ row_count: count }, ['row_count']),
  list: { type: 'object', properties: { tables: { type: 'array' } } },
  table: { type: 'object', properties: { columns: { type: 'array' } } },
} satisfies Record<string, JsonSchema>;

/** The parameters of a statement as the server reads them. @throws ServiceError `input` when their number is another one */
export async function encodeParameters(
  { parametersOf, learn, types }: Work,
  sql: string,
  given: unknown[],
): Promise<Text[]> {
  const wanted = await parametersOf(sql);
  if (wanted.length !== given.length)
    throw new ServiceError('input', `The statement takes ${wanted.length} parameters, and ${given.length} are given.`, {
      field: 'arguments.parameters',
    });
  await learn(wanted);
  return given.map((value, index) => encode(types, wanted[index] ?? 0, value, `$${index + 1}`));
}

/** The columns as they are shown: names that come twice are told apart. */
function shownColumns({ types }: Work, columns: Column[]): { name: string; type: string }[] {
  const used = new Set<string>();
  return columns.map(({ name, type }) => {
    let shown = name;
    for (let next = 2; used.has(shown); next++) shown = `${name}_${next}`;
    used.add(shown);
    return { name: shown, type: types.get(type)?.name ?? String(type) };
  });
}

/** The rows of an answer, each by the names of its columns. */
export async function shownRows(work: Work, answer: Answer): Promise<Pick<Shown, 'columns' | 'rows'>> {
  await work.learn(answer.columns.map(({ type }) => type));
  const columns = shownColumns(work, answer.columns);
  const rows = answer.rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name }, at) => [name, decode(work.types, answer.columns[at]?.type ?? 0, row[at] ?? null)]),
    ),
  );
  return { columns, rows };
}

export interface Shown {
  columns: { name: string; type: string }[];
  rows: Values[];
}

/** What an input of a tool holds as a list. */
export const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
