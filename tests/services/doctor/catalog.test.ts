import path from 'node:path';
import { expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { checkCatalogFiles } from '../../../src/services/doctor/catalog.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const check = (CATALOG_DIR?: string) => checkCatalogFiles({ config: readConfig(CATALOG_DIR ? { CATALOG_DIR } : {}) });

it('counts the entries that come from files, and says nothing without a folder', async () => {
  expect(await check()).toEqual([]);
  const dir = path.join(root, 'docs/examples/catalog');
  expect(await check(dir)).toEqual([
    { check: 'catalog files', level: 'ok', message: `1 entry comes from ${dir}: tickets.` },
  ]);
});

it('tells files that the next start would not take', async () => {
  const dir = path.join(root, 'tests/tsconfig.json');
  expect(await check(dir)).toMatchObject([
    {
      level: 'fail',
      message: expect.stringContaining(`${dir}: It is no folder.`),
      next: expect.stringContaining('make check-catalog'),
    },
  ]);
});
