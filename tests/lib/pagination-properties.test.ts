import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { decodeCursor, encodeCursor, page } from '../../src/lib/pagination.ts';
import { anyText, seed, tries } from '../security/measure.ts';

const runs = { numRuns: tries(500), seed };
const key = anyText(40).map((text) => text.toWellFormed().replaceAll('\0', ''));

interface Row {
  name: string;
  id: number;
}
const before = (one: Row, other: Row) => (one.name === other.name ? one.id - other.id : one.name < other.name ? -1 : 1);

/** As a query with `order by name, id limit` would answer. */
function list(rows: Row[], limit: number, cursor: string | null) {
  const [name = '', id = ''] = cursor === null ? [] : decodeCursor(cursor, 2);
  const after = cursor === null ? rows : rows.filter((row) => before(row, { name, id: Number(id) }) > 0);
  return page(after.slice(0, limit + 1), limit, (row) => [row.name, String(row.id)]);
}

it('paging through a list shows every row once, in order, however many share a name', () => {
  const names = fc.array(fc.oneof(fc.constantFrom('a', 'B', 'ä'), key), { maxLength: 60 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 20 }), (all, limit) => {
      const rows = all.map((name, id) => ({ name, id })).sort(before);
      const seen: Row[] = [];
      let cursor: string | null = null;
      for (let pages = 0; ; pages++) {
        expect(pages).toBeLessThanOrEqual(rows.length + 1);
        const { data, nextCursor }: { data: Row[]; nextCursor: string | null } = list(rows, limit, cursor);
        expect(data.length).toBeLessThanOrEqual(limit);
        seen.push(...data);
        cursor = nextCursor;
        if (cursor === null) break;
        expect(data).toHaveLength(limit);
      }
      expect(seen).toEqual(rows);
    }),
    runs,
  );
});

it('a row that is added or taken away between two pages makes no other row appear twice', () => {
  const ids = fc.uniqueArray(fc.nat({ max: 200 }), { minLength: 3, maxLength: 60 });
  fc.assert(
    fc.property(ids, fc.nat({ max: 200 }), fc.nat(), fc.integer({ min: 1, max: 10 }), (all, added, gone, limit) => {
      const rows = all.map((id) => ({ name: 'same', id })).sort(before);
      const first = list(rows, limit, null);
      const changed = [...new Set([...all.filter((_id, at) => at !== gone % all.length), added])];
      const rest = changed.map((id) => ({ name: 'same', id })).sort(before);
      const seen = first.data.map(({ id }) => id);
      for (let cursor = first.nextCursor; cursor !== null; ) {
        const next = list(rest, limit, cursor);
        seen.push(...next.data.map(({ id }) => id));
        cursor = next.nextCursor;
      }
      expect(new Set(seen).size).toBe(seen.length);
    }),
    runs,
  );
});

it('a cursor comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 4 }), (keys) => {
      expect(decodeCursor(encodeCursor(keys), keys.length)).toEqual(keys);
    }),
    runs,
  );
});

it('whatever else is sent is refused, and never an error of another kind', () => {
  const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text).toString('base64url'));
  fc.assert(
    fc.property(fc.oneof(anyText(), fc.base64String(), json), fc.integer({ min: 1, max: 4 }), (cursor, length) => {
      try {
        const keys = decodeCursor(cursor, length);
        expect(keys).toHaveLength(length);
        for (const each of keys) expect(typeof each === 'string' && !each.includes('\0')).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).errors).toHaveProperty('cursor');
      }
    }),
    runs,
  );
});

it.each([
  [[1, 2]],
  [[null, 'a']],
  [['a\0', 'b']],
  [[['a'], 'b']],
  [['a'.repeat(5000), 'b']],
  [{ 0: 'a', 1: 'b', length: 2 }],
])('forged keys are refused: %j', (keys) => {
  expect(() => decodeCursor(Buffer.from(JSON.stringify(keys)).toString('base64url'), 2)).toThrow(AppError);
});
