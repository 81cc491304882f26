import { isDeepStrictEqual } from 'node:util';
import type { ReadOperation } from './operation.ts';

/** What of an operation can be another one than when it was imported. */
export type Difference = 'method' | 'path' | 'schema' | 'text';

type Compared = Pick<ReadOperation, 'title' | 'description' | 'request' | 'input' | 'output'>;

/** In what two versions of an operation differ; nothing when they are the same. */
export function differences(before: Compared, after: Compared): Difference[] {
  const { method, path, ...rest } = after.request;
  const { method: oldMethod, path: oldPath, ...oldRest } = before.request;
  const same = isDeepStrictEqual([oldRest, before.input, before.output], [rest, after.input, after.output]);
  return [
    ...(method === oldMethod ? [] : (['method'] as const)),
    ...(path === oldPath ? [] : (['path'] as const)),
    ...(same ? [] : (['schema'] as const)),
    ...(before.title === after.title && before.description === after.description ? [] : (['text'] as const)),
  ];
}

export interface Matched<Saved> {
  operation: ReadOperation;
  slug: string;
  saved: Saved | null;
}

/**
 * The operations of a document beside those that are saved: the same by their operationId, else by method and path. What is saved keeps
 * its slug, because programs call it by that; what is new gets one of its own.
 */
export function matchOperations<
  Saved extends { slug: string; operationId: string | null; request: ReadOperation['request'] },
>(operations: ReadOperation[], saved: Saved[]): { matched: Matched<Saved>[]; removed: Saved[] } {
  const left = new Set(saved);
  const taken = new Set(saved.map(({ slug }) => slug));
  const take = (fits: (row: Saved) => boolean): Saved | null => {
    const found = [...left].find(fits) ?? null;
    if (found) left.delete(found);
    return found;
  };
  const named = new Map(
    operations.map((each) => [each, each.operationId ? take((row) => row.operationId === each.operationId) : null]),
  );
  const matched = operations.map((operation) => {
    const known = named.get(operation) ?? take((row) => placeOf(row) === placeOf(operation));
    const slug = known?.slug ?? freeSlug(operation, taken);
    taken.add(slug);
    return { operation, slug, saved: known };
  });
  return { matched, removed: [...left] };
}

const placeOf = ({ request }: { request: ReadOperation['request'] }) => `${request.method} ${request.path}`;

const longestSlug = 48;

/** `getOrderById` becomes `get_order_by_id`; without an id method and path say it. */
function freeSlug({ operationId, request }: ReadOperation, taken: ReadonlySet<string>): string {
  const words = (operationId ?? `${request.method} ${request.path}`)
    .normalize('NFKD')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const named = /^[a-z]/.test(words) ? words : `${request.method.toLowerCase()}_${words}`;
  const short = named.slice(0, longestSlug).replace(/_+$/, '');
  for (let count = 1; ; count++) {
    const slug = count === 1 ? short : `${short.slice(0, longestSlug - 5)}_${count}`;
    if (!taken.has(slug)) return slug;
  }
}
