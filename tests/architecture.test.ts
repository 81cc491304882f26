import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../src');

interface Import {
  from: string;
  /** Relative to src/ for our own files, else the package's name. */
  to: string;
  typeOnly: boolean;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
const imports: Import[] = files.flatMap((file) => importsOf(file, sources.get(file) ?? ''));

function importsOf(from: string, source: string): Import[] {
  const found = source.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm);
  return [...found].map(([, type, fixed, dynamic]) => {
    const spec = fixed ?? dynamic ?? '';
    const to = spec.startsWith('.') ? path.join(path.dirname(from), spec) : spec;
    return { from, to, typeOnly: Boolean(type) };
  });
}

/** A higher layer may import a lower one; siblings on one level know only each other's types. */
const layers: Record<string, number> = {
  routes: 3,
  jobs: 3,
  commands: 3,
  services: 2,
  drivers: 1,
  auth: 1,
  vault: 1,
  db: 1,
  lib: 0,
};
const folderOf = (file: string) => file.split('/')[0] ?? '';
const layerOf = (file: string) => layers[folderOf(file)];

describe('architecture', () => {
  it('reads the sources at all', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(100);
  });

  it('lets imports go down only', () => {
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      const above = layerOf(from);
      const below = layerOf(to);
      if (above === undefined || below === undefined || typeOnly) return false;
      return below > above || (below === above && folderOf(from) !== folderOf(to));
    });
    expect(wrong).toEqual([]);
  });

  it('lets a driver import only the contract, lib, its own folder and packages', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [folder, key, rest] = from.split('/');
      if (folder !== 'drivers' || rest === undefined) return false;
      const allowed = to.startsWith(`drivers/${key}/`) || to.startsWith('lib/') || /^drivers\/[\w-]+\.ts$/.test(to);
      return layerOf(to) !== undefined && !allowed;
    });
    expect(wrong).toEqual([]);
  });

  it('names no driver outside its folder', () => {
    const keys = new Set(
      files.filter((file) => /^drivers\/[^/]+\//.test(file)).map((file) => file.split('/')[1] ?? ''),
    );
    expect(keys.size).toBeGreaterThan(5);
    const wrong = [...sources].filter(([file, source]) => {
      const own = folderOf(file) === 'drivers' ? file.split('/')[1] : '';
      // Examples in the API's documentation have to name some entry.
      const code = source.replace(/^\s*(\*|\/\/).*$/gm, '').replace(/example: \{.*$/gm, '');
      return [...keys].some((key) => key !== own && new RegExp(`(===|!==|case)\\s*'${key}'`).test(code));
    });
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('reads the environment in config.ts alone', () => {
    const wrong = [...sources].filter(([file, source]) => file !== 'config.ts' && /\bprocess\.env\b/.test(source));
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('leaves libsodium to the vault, the database to services, and randomness to node:crypto', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        (to.startsWith('libsodium') && folderOf(from) !== 'vault') ||
        (folderOf(to) === 'db' && ['routes', 'jobs'].includes(folderOf(from)) && !typeOnly),
    );
    expect(wrong).toEqual([]);
    expect(
      [...sources].filter(([, source]) => /Math\.random|\beval\(|new Function/.test(source)).map(([file]) => file),
    ).toEqual([]);
  });

  it('has no circles', () => {
    const edges = new Map(
      files.map((file) => [
        file,
        imports.filter((edge) => edge.from === file && !edge.typeOnly).map((edge) => edge.to),
      ]),
    );
    const done = new Set<string>();
    const visit = (file: string, trail: string[]): string[] | null => {
      if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
      if (done.has(file)) return null;
      for (const next of edges.get(file) ?? []) {
        const circle = visit(next, [...trail, file]);
        if (circle) return circle;
      }
      done.add(file);
      return null;
    };
    expect(files.map((file) => visit(file, [])).filter(Boolean)).toEqual([]);
  });
});
