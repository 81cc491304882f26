import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { pageOf } from '../../lib/pagination.ts';

/** Named schemas of the OpenAPI document, found again by identity wherever they are used. */
const components = new Map<TSchema, string>();

export function component<S extends TSchema>(name: string, schema: S): S {
  components.set(schema, name);
  return schema;
}

export const componentName = (schema: TSchema): string | undefined => components.get(schema);
export const allComponents = (): [TSchema, string][] => [...components];

/** A string out of a fixed list, as one `enum`: a union of constants would answer with an error for each of them. */
export const OneOf = <const T extends readonly string[]>(values: T, options: Record<string, unknown> = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, ...options });

export const Uuid = (description: string) => Type.String({ format: 'uuid', description });
export const Instant = (description: string) => Type.String({ format: 'date-time', description });
export const Nullable = <S extends TSchema>(schema: S, description: string) =>
  Type.Unsafe<S['static'] | null>({ anyOf: [schema, { type: 'null' }], description });

/** Free-form values whose shape the catalog entry's own schema rules. */
export const ByEntry = (description: string) =>
  Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description });

export const Limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Rows per page.' }),
);
export const Cursor = Type.Optional(
  Type.String({ maxLength: 2000, description: '`next_cursor` of the previous page.' }),
);

/** What a list takes that is read whole, beside what is its own. */
export const wholePaging = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'Rows per page; all when left out.' })),
  cursor: Cursor,
};
export const WholeQuery = Type.Object(wholePaging, { additionalProperties: false });

/** The page of such a list that was asked for. */
export function pageOfWhole<Row>(rows: Row[], query: Static<typeof WholeQuery>, keyOf: (row: Row) => string) {
  const { data, nextCursor } = pageOf(rows, query, keyOf);
  return { data, next_cursor: nextCursor };
}

export const ListOf = <S extends TSchema>(schema: S) =>
  Type.Object({
    data: Type.Array(schema),
    next_cursor: Nullable(Type.String(), 'Pass it as `cursor` for the next page; null on the last one.'),
  });

/** Stands for a row of the right kind in the examples, in path and body. */
export const exampleId = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78';

export const ById = Type.Object({ id: Type.String({ description: 'The id of a row of this workspace.' }) });

export const Problem = component(
  'Problem',
  Type.Object(
    {
      type: Type.String({ description: 'Always about:blank; `code` tells the kind.' }),
      title: Type.String(),
      status: Type.Integer(),
      code: Type.String({ description: 'One of the codes in the list of errors.' }),
      detail: Type.String({ description: 'A sentence for people, with the next step.' }),
      request_id: Type.String({ description: 'Find the request in the log by it.' }),
      errors: Type.Optional(
        Type.Unsafe<Record<string, string[]>>({
          type: 'object',
          additionalProperties: { type: 'array', items: { type: 'string' } },
          description: 'Messages by dotted field path from the root of the body.',
        }),
      ),
    },
    { additionalProperties: true, description: 'An error (RFC 9457).' },
  ),
);
