import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonEditorModule } from '../../src/lib/json-editor.ts';

describe('the editor for lists and maps', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'json-editor-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is a module of its own, far smaller than what the package ships', async () => {
    const module = (await jsonEditorModule(dir)).toString();
    expect(module).toMatch(/export\s*\{\s*\w+ as JSONEditor\s*\}/);
    expect(module.length).toBeLessThan(160_000);
    expect(module).not.toMatch(/\beval\(|new Function|import\s*["'{]/);
  });

  it('is built once and then read', async () => {
    const cache = path.join(dir, 'cache');
    const built = await jsonEditorModule(cache);
    const [file = ''] = await readdir(cache);
    expect(await readdir(cache)).toHaveLength(1);
    expect(await readFile(path.join(cache, file))).toEqual(built);
    await writeFile(path.join(cache, file), 'kept');
    expect((await jsonEditorModule(cache)).toString()).toBe('kept');
  });

  it('comes also where nothing can be written', async () => {
    const file = path.join(dir, 'no-folder');
    await writeFile(file, '');
    await chmod(file, 0o400);
    expect((await jsonEditorModule(path.join(file, 'cache'))).length).toBeGreaterThan(100_000);
  });
});
