import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { scopes } from '../src/services/api-keys/scopes.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found as string);

const dockerfile = read('Dockerfile');
const compose = read('compose.yaml');
const operation = read('docs/operation.md');
const configured = new Set(all(read('src/config.ts'), /(?:read|readDatabaseUrl)\('([A-Z_]+)'/g));

describe('the image', () => {
  const copied = all(dockerfile, /^COPY (?!--from)(.+) \S+$/gm).flatMap((paths) => paths.split(' '));

  it('copies what is there, and .dockerignore lets it through', () => {
    expect(copied.length).toBeGreaterThan(6);
    expect(copied.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    const allowed = all(read('.dockerignore'), /^!(.+)$/gm);
    expect(copied.filter((file) => !allowed.includes(file.split('/')[0] as string))).toEqual([]);
  });

  it('copies everything that the program reads of this project', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    const sources = ['src', 'seeds'].flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => read(`${folder}/${file}`)),
    );
    const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const used = folders.filter(({ name }) => sources.some((source) => source.includes(`../${name}`)));
    expect(used.map(({ name }) => name)).toEqual(expect.arrayContaining(['migrations', 'seeds', 'src']));
    for (const { name } of used)
      if (!['node_modules', '.cache'].includes(name)) expect(last).toMatch(new RegExp(`^COPY .*\\b${name} `, 'm'));
  });

  it('installs every package that the program imports, but for the bundler, which has done its work by then', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const imports =
      /^(?:import|export) (?!type )[^;]*?from '([^'.][^']*)'|import\('([^'.][^']*)'\)|resolve\('([^'.][^']*)'\)/gm;
    const found = ['src', 'seeds'].flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) => [...read(`${folder}/${file}`).matchAll(imports)])
        .map(([, from, called, resolved]) => from ?? called ?? resolved ?? ''),
    );
    const names = found
      .filter((name) => !name.startsWith('node:'))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    const packages = new Set(names);
    expect(packages.size).toBeGreaterThan(15);
    expect([...packages].filter((name) => !dependencies[name])).toEqual(['esbuild']);
    expect(dockerfile.indexOf('jsonEditorModule()')).toBeLessThan(dockerfile.indexOf('npm prune'));
  });

  it('runs what make run runs, and builds with what is exported', () => {
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    const start = command.slice(0, -1).join(' ');
    expect(start).toMatch(/^node .*--import \.\/src\/db\/fast-imports\.ts$/);
    for (const file of command.slice(-2)) expect(existsSync(path.join(root, file))).toBe(true);
    expect(read('Makefile')).toContain(`NODE := ${start}\n`);
    expect(all(dockerfile, /^RUN (\[.*\])$/gm).map((run) => JSON.parse(run).join(' '))).toEqual([
      expect.stringContaining(start),
    ]);
    expect(read('src/lib/json-editor.ts')).toContain('export async function jsonEditorModule(');
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

describe('the compose file', () => {
  it('sets variables that the hub reads', () => {
    const environment = compose.slice(compose.indexOf('environment:'), compose.indexOf('ports:'));
    const names = all(environment, /^ {6}([A-Z_]+):/gm);
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !configured.has(name))).toEqual([]);
  });

  it('needs no variable that the manual leaves out', () => {
    const needed = new Set(all(compose, /[^$]\$\{([A-Z_]+):\?/g));
    expect(needed.size).toBeGreaterThan(4);
    expect([...needed].filter((name) => !operation.includes(`${name}=`))).toEqual([]);
  });
});

describe('the operator’s manual', () => {
  it('names commands that the Makefile has, and metrics that the hub has', () => {
    const targets = new Set(all(read('Makefile'), /^([a-z-]+):/gm));
    const named = new Set([...all(operation, /`make ([a-z-]+)/g), ...all(read('README.md'), /`make ([a-z-]+)/g)]);
    expect(named.size).toBeGreaterThan(5);
    expect([...named].filter((name) => !targets.has(name))).toEqual([]);
    const metrics = new Set(all(operation, /(patchbay_http_[a-z_]+?)(?:_count|_bucket)?[{[`]/g));
    expect([...metrics].filter((name) => !read('src/lib/metrics.ts').includes(name))).toEqual([]);
  });

  it('tells of every job', () => {
    const jobs = all(read('src/jobs/schedule.ts'), /name: '([a-z-]+)'/g);
    expect(jobs.length).toBeGreaterThan(3);
    expect(jobs.filter((name) => !operation.includes(`| ${name} |`))).toEqual([]);
  });
});

it('the manual of access tells of every scope, and of no other', () => {
  const told = all(read('docs/access.md'), /^\| `([a-z]+:[a-z]+)` \|/gm);
  expect(told.toSorted()).toEqual(Object.keys(scopes).toSorted());
});
