import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quoted } from '../../src/drivers/postgresql/tables.ts';
import { anyText, seed, tries } from '../security/measure.ts';

/** Reads a quoted name as PostgreSQL does: up to the first quote that is not doubled. Null when something follows it. */
function read(sql: string): string | null {
  if (sql[0] !== '"') return null;
  let name = '';
  for (let at = 1; at < sql.length; at++) {
    if (sql[at] !== '"') name += sql[at];
    else if (sql[at + 1] === '"') {
      name += '"';
      at += 1;
    } else return at === sql.length - 1 ? name : null;
  }
  return null;
}

it('a quoted name is one name, whatever is in it', () => {
  const hostile = fc.constantFrom(
    '"',
    '""',
    '";',
    '--',
    "'",
    '\\',
    '$$',
    '; drop table x',
    '\u0000',
    'U&"',
    '/*',
    '*/',
  );
  const name = fc.array(fc.oneof(hostile, anyText(20)), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(name, (each) => {
      expect(read(quoted(each))).toBe(each);
    }),
    { numRuns: tries(1000), seed },
  );
});
