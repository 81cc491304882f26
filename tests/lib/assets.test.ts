import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAssets } from '../../src/lib/assets.ts';

let dir: string;
const write = (name: string, content: string) => {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), content);
};
const text = (body: Uint8Array) => Buffer.from(body).toString('utf8');

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'patchbay-public-'));
  write('js/app.js', "import './parts/a.js';\nimport { b } from './b.js';\nb();\n");
  write('js/parts/a.js', "export * from '../b.js';\n");
  write('js/b.js', 'export const b = () => 1;\n');
  write('css/zebra.css', '.z {}');
  write('css/layers.css', '@layer a, b;');
  write('css/ant.css', '.a {}');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('addresses', () => {
  it('changes with every file, and keeps relative imports valid', async () => {
    const before = await loadAssets(dir);
    const again = await loadAssets(dir);
    write('js/b.js', 'export const b = () => 2;\n');
    const after = await loadAssets(dir);
    expect(before.path('js/app.js')).toMatch(/^\/assets\/[\w-]{12}\/js\/app\.js$/);
    expect(again.path('js/app.js')).toBe(before.path('js/app.js'));
    expect(after.path('js/app.js')).not.toBe(before.path('js/app.js'));
  });

  it('of an older version lead to the file of today, beside which its imports are', async () => {
    const before = await loadAssets(dir);
    write('js/b.js', 'export const b = () => 2;\n');
    write('js/gone.js', '');
    const after = await loadAssets(dir);
    for (const name of ['js/parts/a.js', 'js/b.js', 'app.css']) {
      const { status, headers } = await after.respond(before.path(name), '');
      expect([status, headers['Cache-Control']]).toEqual([302, 'no-store']);
      const url = new URL(headers.Location ?? '', `http://hub.test/prefix${before.path(name)}`);
      expect([url.pathname, url.search]).toEqual([`/prefix${after.path(name)}`, '?moved']);
      const arrived = await after.respond(after.path(name), '', true);
      expect([arrived.status, arrived.headers['Cache-Control']]).toEqual([200, expect.stringContaining('immutable')]);
    }
    expect((await before.respond(after.path('js/gone.js'), '')).status).toBe(404);
    expect((await after.respond('/assets/x/js/b.js', '')).status).toBe(404);
  });

  it('are answered as they are while two versions run beside each other, and kept by nobody', async () => {
    const before = await loadAssets(dir);
    write('js/b.js', 'export const b = () => 2;\n');
    const after = await loadAssets(dir);
    const { status, headers, body } = await before.respond(after.path('js/b.js'), '', true);
    expect([status, headers['Cache-Control'], text(body)]).toEqual([200, 'no-store', 'export const b = () => 1;\n']);
  });

  it('changes with what comes from elsewhere', async () => {
    const [one, two] = await Promise.all([loadAssets(dir, { 'i.svg': '<a/>' }), loadAssets(dir, { 'i.svg': '<b/>' })]);
    expect(one.path('app.css')).not.toBe(two.path('app.css'));
    expect(text((await one.respond(one.path('i.svg'), '')).body)).toBe('<a/>');
  });

  it('knows what a module imports', async () => {
    expect((await loadAssets(dir)).importsOf('js/app.js').sort()).toEqual(['js/b.js', 'js/parts/a.js']);
  });

  it('refuses to name a file that is not there, and to load one that it could not serve', async () => {
    const assets = await loadAssets(dir);
    expect(() => assets.path('js/gone.js')).toThrow('There is no public file js/gone.js.');
    write('notes.docx', '');
    await expect(loadAssets(dir)).rejects.toThrow('notes.docx has no content type');
  });
});

describe('answers', () => {
  it('serves all styles as one file, the order of layers first', async () => {
    const assets = await loadAssets(dir);
    const { headers, body } = await assets.respond(assets.path('app.css'), '');
    expect(text(body)).toBe('@layer a, b;.a {}.z {}');
    expect(headers).toEqual({
      'Content-Type': 'text/css; charset=utf-8',
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept-Encoding',
    });
    expect(() => assets.path('css/ant.css')).toThrow();
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['BR', 'br'],
    ['identity', undefined],
    ['', undefined],
    ['brotli, xgzip', undefined],
  ])('answers “%s” with %s', async (accepted, encoding) => {
    const assets = await loadAssets(dir);
    const { headers, body } = await assets.respond(assets.path('js/b.js'), accepted);
    const decode = { br: brotliDecompressSync, gzip: gunzipSync }[encoding ?? ''] ?? ((plain: Uint8Array) => plain);
    expect(headers['Content-Encoding']).toBe(encoding);
    expect(text(decode(body))).toBe('export const b = () => 1;\n');
  });

  it('leaves pictures as they are', async () => {
    write('p.png', 'png');
    const assets = await loadAssets(dir);
    const { headers } = await assets.respond(assets.path('p.png'), 'br');
    expect(headers).not.toHaveProperty('Content-Encoding');
    expect(headers).not.toHaveProperty('Vary');
    expect(headers['Content-Type']).toBe('image/png');
  });

  it.each([
    ['js/none.js'],
    ['../package.json'],
    ['js/../js/app.js'],
    ['%2e%2e/package.json'],
    ['.hidden.js'],
    ['toString'],
    ['js/'],
    [''],
  ])('has nothing at “%s”', async (name) => {
    write('.hidden.js', 'secret');
    const assets = await loadAssets(dir);
    const { status, headers } = await assets.respond(assets.path('app.css').replace('app.css', name), 'br');
    expect(status).toBe(404);
    expect(headers['Cache-Control']).toBe('no-store');
  });

  it('has nothing outside of its own prefix', async () => {
    const assets = await loadAssets(dir);
    for (const at of [
      '/assets/app.css',
      '/app.css',
      'app.css',
      '/assets/AAAAAAAAAAAA/none.css',
      '/x/AAAAAAAAAAAA/app.css',
    ])
      expect((await assets.respond(at, '')).status).toBe(404);
  });
});
