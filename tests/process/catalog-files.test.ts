import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let dir: string;
let good: string;
let bad: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'patchbay-catalog-start-'));
  good = path.join(dir, 'good');
  bad = path.join(dir, 'bad');
  for (const folder of [good, bad]) await cp(path.join(root, 'docs/examples/catalog'), folder, { recursive: true });
  const example = await readFile(path.join(good, 'tickets.yaml'), 'utf8');
  await writeFile(path.join(bad, 'tickets.yaml'), example.replace('/tickets/{input.id}', '/tickets/{input.number}'));
  await writeFile(path.join(bad, 'other.json'), '{"version": 1, "key": "slack"}');
});
afterAll(() => rm(dir, { recursive: true }));

/** A program of ours to its end. */
const run = (file: string, env: Record<string, string>, ...args: string[]) =>
  new Promise<{ code: number; text: string }>((resolve) => {
    execFile(
      'node',
      ['--import', './src/db/fast-imports.ts', file, ...args],
      { cwd: root, env: { PATH: process.env.PATH, ...env } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), text: out + err }),
    );
  });

const unknown =
  'tickets.yaml: /tools/1/request/path: {input.number} is unknown. Describe it under the tool’s input/properties. There are: id.';

it('does not start with a broken folder: says everything, and makes nothing', async () => {
  const data = path.join(dir, 'data');
  const { code, text } = await run('src/server.ts', { CATALOG_DIR: bad, DATA_DIR: data, PORT: '0' });
  expect(code).toBe(1);
  expect(text).toContain(
    `Patchbay did not start.\nThe catalog’s files in ${bad} are not fit to use:\nother.json: /auth: `,
  );
  expect(text).toContain(unknown);
  expect(text).not.toMatch(/\n\s+at /);
  expect(
    (await readdir(dir)).includes('data') ? await readdir(path.join(data, 'postgres')).catch(() => []) : [],
  ).toEqual([]);
});

it('checks a folder without a start', async () => {
  expect(await run('src/commands/check-catalog.ts', {}, '--dir', good)).toEqual({
    code: 0,
    text: 'tickets.yaml: Demo Tickets (tickets), version 1, 3 tools.\nAll entries are fit to use: 1.\n',
  });
  const refused = await run('src/commands/check-catalog.ts', {}, '--dir', bad);
  expect(refused.code).toBe(1);
  expect(refused.text).toContain(unknown);
  expect(refused.text).not.toMatch(/\n\s+at /);
  expect(await run('src/commands/check-catalog.ts', {}, '--dir', '')).toEqual({
    code: 2,
    text: 'Usage: make check-catalog DIR=catalog\n',
  });
});
