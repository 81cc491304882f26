import { describe, expect, it } from 'vitest';
import { sheetOf } from '../../src/lib/sheet.ts';

describe('an answer as a table', () => {
  const table = {
    columns: ['id', 'name', 'tags'],
    rows: [
      ['1', 'Ada', '["a"]'],
      ['2', null, null],
    ],
    more: 0,
  };
  const records = [
    { id: 1, name: 'Ada', tags: ['a'] },
    { id: 2, name: null },
  ];

  it.each([
    ['a list', records],
    ['rows beside other lists', { columns: [{ name: 'id' }], rows: records, row_count: 2 }],
    ['its only list of records', { issues: records, labels: ['x'], none: [], page: 1 }],
  ])('takes %s', (_what, answer) => {
    expect(sheetOf(answer)).toEqual(table);
  });

  it.each([
    ['nothing', null],
    ['a text', 'rows'],
    ['no rows', { rows: [] }],
    ['texts', { rows: ['a'] }],
    ['two lists of records', { some: records, others: records }],
    ['one record', { id: 1 }],
    ['records without fields', [{}]],
    ['records that are too wide', [Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`c${index}`, index]))]],
  ])('leaves out %s', (_what, answer) => {
    expect(sheetOf(answer)).toBeNull();
  });

  it('takes for a field only what the record has itself', () => {
    const rows: unknown[] = [{ constructor: 'Ferrari', toString: 1 }, { driver: 'L' }];
    expect(sheetOf({ rows })?.rows).toEqual([
      ['Ferrari', '1', null],
      [null, null, 'L'],
    ]);
  });

  it('shows the first of many rows, and the beginning of long values', () => {
    const sheet = sheetOf(Array.from({ length: 250 }, () => ({ text: 'x'.repeat(600) })));
    expect(sheet).toMatchObject({ columns: ['text'], more: 50 });
    expect(sheet?.rows).toHaveLength(200);
    expect(sheet?.rows[0]).toEqual([`${'x'.repeat(500)}…`]);
    expect(sheetOf([{ ['n'.repeat(600)]: 1 }])?.columns).toEqual([`${'n'.repeat(500)}…`]);
  });
});
