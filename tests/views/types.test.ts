import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { iconsIn } from '../../src/lib/icons.ts';
import { templatesIn } from '../../src/lib/views.ts';
import type { Partials } from '../../src/routes/view-models/partials.ts';
import { checkTemplates } from './check-types.ts';

const views = path.resolve(import.meta.dirname, '../../views');
const templates = new Map(
  templatesIn(views).map((file) => [file.replace(/\.eta$/, ''), readFileSync(path.join(views, file), 'utf8')]),
);

async function check(sources: Map<string, string>) {
  const dir = mkdtempSync(path.join(tmpdir(), 'patchbay-views-'));
  try {
    return await checkTemplates(sources, dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

it('every template uses its model, its partials and its layout as they are typed', async () => {
  expect(templates.size).toBeGreaterThan(50);
  expect(await check(templates)).toEqual([]);
}, 60_000);

it('a misspelt property, a forgotten partial and a wrong partial model are found, with their lines', async () => {
  const name: keyof Partials = 'catalog/_card';
  const card = templates.get(name) ?? '';
  const faults = await check(
    new Map([
      [name, card.replace('card.installedCount', 'card.instaledCount')],
      ['catalog/_empty', "line one\n<%~ include('/shared/_gone', {}) %>"],
      ['connectors/_none', "<%~ include('/shared/_toast', { toast: { tone: 'loud', text: '' } }) %>"],
      ['nobody/_knows', ''],
    ]),
  );
  const line = card.split('\n').findIndex((text) => text.includes('card.installedCount')) + 1;
  expect(faults).toContainEqual(
    expect.objectContaining({ template: name, line, message: expect.stringContaining('instaledCount') }),
  );
  expect(faults).toContainEqual(expect.objectContaining({ template: 'catalog/_empty', line: 2 }));
  expect(faults).toContainEqual(expect.objectContaining({ template: 'connectors/_none', line: 1 }));
  expect(faults).toContainEqual(expect.objectContaining({ template: 'nobody/_knows' }));
}, 60_000);

it('every icon is named in place, so that the sprite holds it', () => {
  const loose = [...templates].filter(
    ([, source]) => (source.match(/\bicon\(/g) ?? []).length !== iconsIn(source).length,
  );
  expect(loose.map(([name]) => name)).toEqual([]);
});
