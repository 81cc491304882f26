import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadDrivers } from '../../src/drivers/index.ts';
import { xKeywords } from '../../src/lib/schema/vocabulary.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (page: string) => readFile(path.join(root, 'docs', page), 'utf8');

it('explains every keyword of ours, and none that does not exist', async () => {
  const page = await read('schemas.md');
  const rows = [...page.matchAll(/^\| `(x-[a-z-]+)`/gm)].map(([, keyword]) => keyword);
  expect(rows.toSorted()).toEqual(xKeywords.toSorted());
});

it('shows a driver that loads as it stands', async () => {
  const [, source = ''] = /```ts\n([\s\S]+?)```/.exec(await read('drivers.md')) ?? [];
  const dir = await mkdtemp(path.join(os.tmpdir(), 'patchbay-docs-'));
  try {
    await mkdir(path.join(dir, 'tickets'));
    await writeFile(path.join(dir, 'driver.ts'), `export * from '${path.join(root, 'src/drivers/driver.ts')}';`);
    await writeFile(path.join(dir, 'tickets/index.ts'), source);
    const icon = await readFile(path.join(root, 'src/drivers/slack/icon.svg'), 'utf8');
    await writeFile(path.join(dir, 'tickets/icon.svg'), icon);
    const driver = (await loadDrivers(dir)).get('tickets');
    expect(driver?.destinations({ base_url: 'https://tickets.example.com/x' }, {})).toEqual([
      'https://tickets.example.com',
    ]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
