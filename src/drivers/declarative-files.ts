import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Problem, readDocument } from '../lib/declarative/documents.ts';
import { pointerOf } from '../lib/declarative/paths.ts';
import { compileSchema, problemsIn } from '../lib/schema/compile.ts';
import { createForeignSchemas, type ForeignSchemas } from '../lib/schema/foreign.ts';
import { readForeign } from '../lib/schema/foreign-lint.ts';
import type { JsonSchema } from '../lib/schema/json-schema.ts';
import { lintSchema } from '../lib/schema/lint.ts';
import { whyNotPlain } from '../lib/schema/plain-patterns.ts';
import { iconProblems } from './check.ts';
import { driverOf, inputSchemaOf } from './declarative.ts';
import { compileService } from './declarative-compile.ts';
import { type Description, description as format } from './declarative-format.ts';
import type { Driver } from './driver.ts';

// Entries of the catalog that the operator adds by files, without code.

export const fileLimits = { bytes: 256 * 1024, iconBytes: 16_384, files: 200 };

/** What a file describes. */
export interface FileEntry {
  /** Without its folder. */
  file: string;
  driver: Driver;
  icon: string;
}

/** Files that are not fit to use; a line for each problem, `file: /pointer: what, and what to do`. */
export class CatalogFilesError extends Error {
  override name = 'CatalogFilesError';
  readonly lines: string[];

  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Stands for a service without a mark of its own. */
const plainMark =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M12 22v-5M9 8V2M15 8V2M18 8v5a4 4 0 0 1-4 4h-4a4 4 0 0 1-4-4V8z"/></g></svg>\n';

/**
 * Reads every `*.yaml`, `*.yml` and `*.json` in a folder; what is in folders below, or begins with a dot, is left alone.
 * @param taken keys that entries have already
 * @throws CatalogFilesError with all problems of all files
 */
export async function readCatalogFiles(dir: string, taken: ReadonlySet<string> = new Set()): Promise<FileEntry[]> {
  const [root, names] = await namesIn(dir);
  const lines: string[] = [];
  const entries: FileEntry[] = [];
  const schemas = createForeignSchemas({ deadlineMs: 5_000 });
  try {
    for (const file of names) {
      const read = await readEntry(root, file, schemas);
      if ('problems' in read)
        lines.push(...read.problems.map(({ at, message }) => `${file}: ${at || '/'}: ${message}`));
      else entries.push(read);
    }
  } finally {
    await schemas.close();
  }
  lines.push(...collisions(entries, taken));
  if (lines.length) throw new CatalogFilesError(lines.toSorted());
  return entries;
}

async function namesIn(dir: string): Promise<[root: string, names: string[]]> {
  try {
    const root = await realpath(dir);
    const names = (await readdir(root)).filter((name) => /^[^.].*\.(ya?ml|json)$/i.test(name)).toSorted();
    if (names.length <= fileLimits.files) return [root, names];
    throw new CatalogFilesError([
      `${dir}: It has ${names.length} files, and ${fileLimits.files} are read at most. Keep other files elsewhere.`,
    ]);
  } catch (error) {
    if (error instanceof CatalogFilesError) throw error;
    const reasons: Record<string, string> = {
      ENOENT: 'There is no such folder',
      ENOTDIR: 'It is no folder',
      EACCES: 'The hub may not read it',
    };
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CatalogFilesError([
      `${dir}: ${reasons[code] ?? `It cannot be read (${code})`}. Correct CATALOG_DIR, or let the hub’s user read the folder.`,
    ]);
  }
}

function collisions(entries: FileEntry[], taken: ReadonlySet<string>): string[] {
  const first = new Map<string, string>();
  return entries.flatMap(({ file, driver: { entry } }) => {
    if (taken.has(entry.key))
      return [`${file}: /key: Patchbay itself has an entry “${entry.key}”. Choose another key.`];
    const other = first.get(entry.key);
    if (other) return [`${file}: /key: ${other} has the key “${entry.key}” already. Each file needs its own.`];
    first.set(entry.key, file);
    return [];
  });
}

type Refused = { problems: Problem[] };
const refused = (message: string, at = ''): Refused => ({ problems: [{ at, message }] });

async function readEntry(root: string, file: string, schemas: ForeignSchemas): Promise<FileEntry | Refused> {
  const text = await readWithin(root, file, fileLimits.bytes);
  if (typeof text !== 'string') return refused(text.reason);
  const read = await readDocument(text, /\.json$/i.test(file) ? 'json' : 'yaml');
  if ('problems' in read) return read;
  if (typeof read.tree !== 'object' || read.tree === null || Array.isArray(read.tree))
    return refused('A file describes one service, as an object: version: 1, key: …, and so on.');
  const malformed = problemsIn(format, read.tree).map(({ path: names, message }) => ({
    at: pointerOf(names),
    message,
  }));
  if (malformed.length) return { problems: malformed };
  const description = read.tree as Description;
  const { service, problems } = compileService(description);
  problems.push(...patternProblems(description), ...inputProblems(description));
  const icon = description.icon === undefined ? plainMark : await readIcon(root, description.icon);
  if (typeof icon !== 'string') problems.push(...icon.problems);
  if (!problems.length) problems.push(...(await uncompilable(description, schemas)));
  if (problems.length) return { problems };
  const driver = driverOf(description, service, { foreign: true });
  const unfit = schemaProblems(driver);
  return unfit.length ? { problems: unfit } : { file, driver, icon: icon as string };
}

/** Also by a link, as long as it stays in the folder: mounted secrets and settings are links to where they are now. */
async function readWithin(root: string, file: string, most: number): Promise<string | { reason: string }> {
  try {
    const real = await realpath(path.join(root, file));
    if (!real.startsWith(root + path.sep))
      return { reason: 'It is a link that leads out of the folder. Put the file itself there.' };
    const { size } = await stat(real);
    if (size > most) return { reason: `It has ${size} bytes, and may have ${most}. Split it, or shorten it.` };
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if (!(await handle.stat()).isFile()) return { reason: 'It is no file. Take it out of the folder.' };
      return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { reason: 'It is no UTF-8 text. Save it as UTF-8.' };
    return {
      reason:
        code === 'ENOENT'
          ? 'There is no such file. Put it beside this one.'
          : `It cannot be read (${code}). Let the hub’s user read it.`,
    };
  }
}

async function readIcon(root: string, file: string): Promise<string | Refused> {
  const text = await readWithin(root, file, fileLimits.iconBytes);
  if (typeof text !== 'string') return refused(`${file}: ${text.reason}`, '/icon');
  const [problem] = iconProblems(text);
  return problem ? refused(`${problem.replace('icon.svg', file)} Simplify the drawing.`, '/icon') : text;
}

/** Every pattern that stands at a field that the hub itself judges. */
function patternProblems({ config, auth }: Description): Problem[] {
  const settings = Object.entries(config?.properties ?? {}).map(([name, field]) => ({
    at: ['config', 'properties', name],
    ...field,
  }));
  const secrets = auth.flatMap(({ fields = {} }, index) =>
    Object.entries(fields).map(([name, note]) => ({ at: ['auth', index, 'fields', name], ...note })),
  );
  return [...settings, ...secrets].flatMap(({ at, pattern, maxLength = 500 }) => {
    const reason = pattern === undefined ? null : whyNotPlain(pattern, maxLength);
    return reason ? [{ at: pointerOf([...at, 'pattern']), message: `The pattern ${reason}.` }] : [];
  });
}

/** What can be seen of the tools' schemas by looking at them. */
const inputProblems = ({ tools = [] }: Description): Problem[] =>
  tools.flatMap((tool, index) => {
    const schema = inputSchemaOf(tool);
    const read = readForeign(JSON.stringify(schema));
    const reasons = 'reasons' in read ? read.reasons : lintSchema(schema);
    return reasons.map((reason) => placed(`/tools/${index}/input`, reason)).filter(isNew);
  });

/** The worker that judges arguments when tools are called has to be able to. */
async function uncompilable({ tools = [] }: Description, schemas: ForeignSchemas): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [index, tool] of tools.entries())
    for (const reason of await schemas.check(JSON.stringify(inputSchemaOf(tool))))
      problems.push(placed(`/tools/${index}/input`, reason));
  return problems;
}

/** What is required and not there has been told with its own place. */
const isNew = ({ message }: Problem) => !/requires the unknown field/i.test(message);

/** Lints begin with a dotted path. */
function placed(at: string, reason: string): Problem {
  const [, path = '', rest = ''] = /^([\w.]+|\(root\)): (.+)$/s.exec(reason) ?? [];
  if (!rest || path === '(root)') return { at, message: sentence(rest || reason) };
  return { at: `${at}/properties/${path.replaceAll('.', '/')}`, message: sentence(`This ${rest}`) };
}

const sentence = (text: string) =>
  (/[.!?]$/.test(text) ? text : `${text}.`).replace(/^\p{Ll}/u, (first) => first.toUpperCase());

/** What remains to be said about the schemas that were made of it. */
function schemaProblems({ entry }: Driver): Problem[] {
  return [...judge(entry.configSchema, '/config'), ...judge(entry.authSchema, '/auth')];
}

function judge(schema: JsonSchema, at: string): Problem[] {
  const lint = lintSchema(schema).map((reason) => placed(at, withoutSecrets(reason)));
  if (lint.length) return lint;
  try {
    compileSchema(schema)({});
  } catch (error) {
    return [{ at, message: `This makes no schema: ${(error as Error).message.slice(0, 200)}.` }];
  }
  return defaultProblems(schema, at);
}

/** Settings are no place for them. */
const withoutSecrets = (reason: string) =>
  reason.replace(
    'looks like a secret; say "x-secret": true or false.',
    'looks like a secret. Credentials go under auth; give a setting another name.',
  );

function defaultProblems({ properties = {} }: JsonSchema, at: string): Problem[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const [told] = field.default === undefined ? [] : Object.values(compileSchema(field)(field.default));
    return told ? [{ at: `${at}/properties/${name}/default`, message: `Its own rules refuse it: ${told[0]}` }] : [];
  });
}
