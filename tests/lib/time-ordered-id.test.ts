import { validate, version } from 'uuid';
import { expect, it } from 'vitest';
import { timeOrderedId } from '../../src/lib/time-ordered-id.ts';

it('an id tells when it was made, and no two are the same', () => {
  const before = Date.now();
  const ids = Array.from({ length: 1_000 }, timeOrderedId);
  const after = Date.now();
  for (const id of ids) {
    expect([validate(id), version(id)]).toEqual([true, 7]);
    const at = Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after);
  }
  expect(new Set(ids).size).toBe(ids.length);
});
