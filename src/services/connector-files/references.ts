import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { isHubSecret, readReferenced } from '../../config.ts';
import { isObject } from '../../lib/schema/shape.ts';

/** Where secrets of a file may come from. */
export interface ReferenceScope {
  /** The folder that relative paths start from. */
  folder: string;
  /** The hub's own data, of which no connector's secret is read. */
  dataDir: string;
}

type Resolved = { value: string } | { problem: string; missing?: true };

const maxBytes = 100_000;

/** The secret behind `{ env: NAME }` or `{ file: path }`, or what is wrong with that; its value is in no message. */
export function resolveReference(scope: ReferenceScope, reference: unknown, field: string): Resolved {
  if (!isObject(reference)) return { problem: literal(field) };
  const [[kind, name] = [], ...others] = Object.entries(reference);
  if (others.length || (kind !== 'env' && kind !== 'file') || typeof name !== 'string' || !name)
    return { problem: 'Name where the secret is: { env: NAME } or { file: path }, one of them and nothing else.' };
  return kind === 'env' ? fromEnvironment(name) : fromFile(scope, name);
}

const literal = (field: string) =>
  `A secret must not stand in the file. Put it into a variable and write { env: ${variableFrom(field)} }, or into a file and write { file: path }.`;

/** `api_key` gives API_KEY. */
export const variableFrom = (text: string): string =>
  text
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');

function fromEnvironment(name: string): Resolved {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return { problem: 'env takes the name of a variable: letters, digits and underscores.' };
  if (isHubSecret(name)) return { problem: `${name} is a secret of the hub itself. Use a variable of its own.` };
  const value = readReferenced(name);
  if (!value) return { problem: `The variable ${name} is not set. Set it where this is applied.`, missing: true };
  return { value };
}

function fromFile({ folder, dataDir }: ReferenceScope, name: string): Resolved {
  const file = path.resolve(folder, name);
  if (isBelow(dataDir, file))
    return { problem: `${name} is in the data directory of the hub. Keep the secret in another place.` };
  try {
    const about = statSync(file);
    if (!about.isFile() || about.size > maxBytes)
      return { problem: `${name} is no file of at most 100 kB. Name the file that holds this one secret.` };
    const value = readFileSync(file, 'utf8').trim();
    return value ? { value } : { problem: `The file ${name} is empty. Write the secret into it.`, missing: true };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    return { problem: `The file ${name} cannot be read (${why}). Put it there, or correct the path.`, missing: true };
  }
}

/** Also by a link. */
function isBelow(folder: string, file: string): boolean {
  const way = path.relative(realPath(folder), realPath(file));
  return way !== '..' && !way.startsWith(`..${path.sep}`);
}

/** Where it leads; itself where there is nothing. */
function realPath(name: string): string {
  try {
    return realpathSync(name);
  } catch {
    return path.resolve(name);
  }
}
