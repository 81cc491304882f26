import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csv } from '../../src/lib/csv.ts';

it('quotes what needs it and leaves nothing that a spreadsheet would run', () => {
  expect(csv([['a', 1, null, true, 'say "hi", then\ngo']])).toBe('a,1,,true,"say ""hi"", then\ngo"\r\n');
  for (const evil of ['=1+1', '+1', '-1', '@sum', '\t=1', '\r=1'])
    expect(csv([[evil]]).replace(/^"/, '')).toMatch(/^'/);
});

it('is read back as it was, but for the apostrophe', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), (row) => {
      const line = csv([row]);
      const cells = [...`,${line.slice(0, -2)}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      );
      expect(cells).toEqual(row.map((cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell)));
    }),
  );
});
