import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export interface AssetAnswer {
  status: 200 | 302 | 404;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

export interface Assets {
  /**
   * The address of a file, e.g. `js/app.js`, without the base path. It changes with every change to any file.
   * @throws Error when there is no such file
   */
  path(name: string): string;
  /** Names of the modules that a module imports, directly or through others, without itself. */
  importsOf(name: string): string[];
  /**
   * Answers a request for such an address. One of another version, from a page that was there before an update, is sent on to
   * the file of today: what a module imports is then looked for beside it, so that the modules behind it are of one version.
   * @param moved whether the request was sent on already; while two versions run beside each other it is answered as it is
   */
  respond(path: string, acceptEncoding: string, moved?: boolean): Promise<AssetAnswer>;
}

/** The stylesheet that all of `css/` is served as; cascade layers make the order of the files after the first one irrelevant. */
const bundle = 'app.css';
const first = 'css/layers.css';

type Files = Map<string, Buffer>;

/**
 * Reads all public files into memory and serves them compressed and cacheable forever, under a hash over all of them:
 * relative imports between modules stay valid, and a page never mixes two versions.
 * @param extra further files by name, e.g. sprites and what comes from packages
 * @throws Error for a file of a kind that has no content type here
 */
export async function loadAssets(publicDir: string, extra: Record<string, string | Buffer> = {}): Promise<Assets> {
  const files = bundled(await readTree(publicDir));
  for (const [name, content] of Object.entries(extra)) files.set(name, Buffer.from(content));
  for (const name of files.keys()) typeOf(name);

  const version = hashOf(files);
  const prefix = `/assets/${version}/`;
  const compressed = new Map<string, Promise<Buffer>>();
  return {
    path(name) {
      if (!files.has(name)) throw new Error(`There is no public file ${name}.`);
      return prefix + name;
    },
    importsOf: (name) => [...importsOf(files, name)].slice(1),
    async respond(requested, acceptEncoding, moved = false) {
      const [, asked, name = ''] = /^\/assets\/([\w-]{12})\/(.+)$/.exec(requested) ?? [];
      const content = files.get(name);
      if (!content) return missing;
      const current = asked === version;
      if (!current && !moved) return elsewhere(`${'../'.repeat(name.split('/').length)}${version}/${name}?moved`);
      const type = typeOf(name);
      const encoding = isText(type) ? negotiate(acceptEncoding) : '';
      const body = encoding
        ? await once(compressed, `${encoding} ${name}`, () => encoders[encoding](content))
        : content;
      return { status: 200, headers: headersOf(type, encoding, current), body: new Uint8Array(body) };
    },
  };
}

async function readTree(dir: string): Promise<Files> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  const contents = await Promise.all(
    names.sort().map(async (name) => [name, await readFile(path.join(dir, name))] as const),
  );
  return new Map(contents);
}

/** All stylesheets as one. */
function bundled(files: Files): Files {
  const sheets = [...files.keys()].filter((name) => name.startsWith('css/'));
  const ordered = [...sheets.filter((name) => name === first), ...sheets.filter((name) => name !== first)];
  const whole = Buffer.concat(ordered.map((name) => files.get(name) ?? Buffer.alloc(0)));
  return new Map([...[...files].filter(([name]) => !name.startsWith('css/')), [bundle, whole]]);
}

function hashOf(files: Files): string {
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\0${content.length}\0`).update(content);
  return hash.digest('base64url').slice(0, 12);
}

function importsOf(files: Files, name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name) || !files.has(name)) return seen;
  seen.add(name);
  const source = files.get(name)?.toString('utf8') ?? '';
  for (const [, specifier = ''] of source.matchAll(/^(?:import|export)\b[^;]*?['"](\.{1,2}\/[^'"]+)['"]/gm))
    importsOf(files, path.posix.join(path.posix.dirname(name), specifier), seen);
  return seen;
}

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};

function typeOf(name: string): string {
  const type = types[path.extname(name)];
  if (!type) throw new Error(`The public file ${name} has no content type; add it to the list in assets.ts.`);
  return type;
}

const isText = (type: string) => type.includes('charset');

const encoders = {
  br: (content: Buffer) =>
    promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
  gzip: (content: Buffer) => promisify(gzip)(content, { level: 9 }),
};

/** The best encoding that the browser takes; '' for none. */
function negotiate(accepted: string): keyof typeof encoders | '' {
  const offers = accepted.split(',').map((offer) =>
    offer
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/),
  );
  const takes = (encoding: string) => offers.some(([name, quality]) => name === encoding && Number(quality ?? 1) > 0);
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : '';
}

const headersOf = (type: string, encoding: string, current: boolean): Record<string, string> => ({
  'Content-Type': type,
  'Cache-Control': current ? 'public, max-age=31536000, immutable' : 'no-store',
  'X-Content-Type-Options': 'nosniff',
  ...(isText(type) && { Vary: 'Accept-Encoding' }),
  ...(encoding && { 'Content-Encoding': encoding }),
});

const elsewhere = (location: string): AssetAnswer => ({
  status: 302,
  headers: { Location: location, 'Cache-Control': 'no-store' },
  body: new Uint8Array(),
});

const missing: AssetAnswer = {
  status: 404,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  body: new TextEncoder().encode('There is no such file.\n'),
};

/** Makes a value once for everybody who asks meanwhile; a failure is not remembered. */
function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key);
  if (known) return known;
  const value = make();
  made.set(key, value);
  value.catch(() => made.delete(key));
  return value;
}
