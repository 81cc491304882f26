import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const sources = fileURLToPath(import.meta.resolve('@json-editor/json-editor/src/core.js')).replace(/core\.js$/, '');

/** The editors that our dialect of schemas needs; all others, themes, icons and template engines stay out. */
const editors = {
  array: 'ArrayEditor',
  checkbox: 'CheckboxEditor',
  integer: 'IntegerEditor',
  multiple: 'MultipleEditor',
  multiselect: 'MultiSelectEditor',
  null: 'NullEditor',
  number: 'NumberEditor',
  object: 'ObjectEditor',
  select: 'SelectEditor',
  string: 'StringEditor',
};

/**
 * @json-editor/json-editor as one small module that exports `JSONEditor`: built from the package's sources, a quarter of what it
 * ships. It is built once and kept in `.cache/`, under a name that changes with the package and with this recipe; where nothing
 * can be written, it is built again at each start.
 * @throws Error when it has to be built and esbuild is not installed
 */
export async function jsonEditorModule(cacheDir = path.join(root, '.cache')): Promise<Buffer> {
  const file = path.join(cacheDir, `json-editor-${await fingerprint()}.js`);
  const known = await readFile(file).catch(() => null);
  if (known) return known;
  const built = await build();
  await keep(file, built).catch(() => undefined);
  return built;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [path.join(sources, '../package.json'), import.meta.filename]) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 12);
}

/** Several processes may do this at once: each writes its own file and puts it in place whole. */
async function keep(file: string, content: Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  await writeFile(own, content);
  await rename(own, file);
}

async function build(): Promise<Buffer> {
  const { build: bundle } = await import('esbuild');
  const { outputFiles } = await bundle({
    stdin: { contents: `export { JSONEditor } from './core.js'`, resolveDir: sources },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'inline',
    write: false,
    plugins: [withoutExtras],
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}

const withoutExtras: Plugin = {
  name: 'without extras',
  setup({ onLoad }) {
    const only = (filter: RegExp, contents: string) => onLoad({ filter }, ({ path: file }) => moduleOf(file, contents));
    const moduleOf = (file: string, contents: string) => ({ contents, resolveDir: path.dirname(file) });
    // Styles come from our own style sheet; as rules of a style element they would break the security policy.
    only(/\.css\.js$/, 'export default {}');
    only(/themes[\\/]index\.js$/, 'export const themes = {}');
    only(/iconlibs[\\/]index\.js$/, 'export const iconlibs = {}');
    only(/templates[\\/]index\.js$/, 'export const templates = {}');
    only(/editors[\\/]index\.js$/, editorIndex());
  },
};

function editorIndex(): string {
  const imports = Object.entries(editors).map(([name, type]) => `import { ${type} } from './${name}.js'`);
  const members = Object.entries(editors).map(([name, type]) => `${JSON.stringify(name)}: ${type}`);
  return `${imports.join('\n')}\nexport const editors = { ${members.join(', ')} }`;
}

// `make` runs this file once after installing, so that the first start need not wait.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await jsonEditorModule();
