import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { decodeCursor, encodeCursor, page } from '../../src/lib/pagination.ts';

describe('pagination', () => {
  it('gives a cursor only when there is more', () => {
    expect(page(['a', 'b', 'c'], 2, (row) => [row])).toEqual({ data: ['a', 'b'], nextCursor: encodeCursor(['b']) });
    expect(page(['a', 'b'], 2, (row) => [row])).toEqual({ data: ['a', 'b'], nextCursor: null });
    expect(page([] as string[], 2, (row) => [row])).toEqual({ data: [], nextCursor: null });
  });

  it('reads back what it wrote', () => {
    const keys = ['ünï "code" 🎉', '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78'];
    expect(decodeCursor(encodeCursor(keys), 2)).toEqual(keys);
  });

  it.each([
    '',
    'nonsense',
    encodeCursor(['one']),
    Buffer.from('[1,2]').toString('base64url'),
    Buffer.from('["a\\u0000","b"]').toString('base64url'),
  ])('refuses %j and names the field', (cursor) => {
    const error = (() => {
      try {
        decodeCursor(cursor, 2);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).errors).toHaveProperty('cursor');
  });
});
