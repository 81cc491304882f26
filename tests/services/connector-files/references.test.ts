import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveReference } from '../../../src/services/connector-files/references.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'references-'));
  mkdirSync(path.join(root, 'data', '..keys'), { recursive: true });
  mkdirSync(path.join(root, 'data-of-others'));
  writeFileSync(path.join(root, 'data', 'master'), 'of the hub');
  writeFileSync(path.join(root, 'data', '..keys', 'master'), 'of the hub');
  writeFileSync(path.join(root, 'data-of-others', 'secret'), 'of a service\n');
  symlinkSync(path.join(root, 'data', 'master'), path.join(root, 'link'));
  symlinkSync(path.join(root, 'data'), path.join(root, 'folder'));
  symlinkSync(path.join(root, 'data-of-others', 'secret'), path.join(root, 'harmless'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const read = (file: string, dataDir = 'data') =>
  resolveReference({ folder: root, dataDir: path.join(root, dataDir) }, { file }, 'auth.token');

it.each([
  ['the file itself', 'data/master', 'data'],
  ['a name that begins with dots', 'data/..keys/master', 'data'],
  ['a link to it', 'link', 'data'],
  ['a link to its folder', 'folder/master', 'data'],
  ['a data directory that is a link', 'data/master', 'folder'],
])('reads nothing of the hub’s own data: %s', (_, file, dataDir) => {
  expect(read(file, dataDir)).toMatchObject({ problem: expect.stringContaining('data directory of the hub') });
});

it('reads what lies beside it, also by a link', () => {
  for (const file of ['data-of-others/secret', 'harmless']) expect(read(file)).toEqual({ value: 'of a service' });
  expect(read('nowhere')).toMatchObject({ missing: true });
});
