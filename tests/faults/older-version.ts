import { execFile } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../support/postgres.ts';
import type { Given } from './drill.ts';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const git = async (...args: string[]) => (await run('git', ['-C', root, ...args])).stdout.trim();

export interface OlderVersion {
  commit: string;
  /** Its files, with the packages of today. */
  dir: string;
}

/**
 * The hub before the newest file of `migrations/` was added, or of the commit FROM, out of the repository’s own history; or why there is none.
 */
export async function olderVersion(
  { atEnd }: Pick<Given, 'atEnd'>,
  from = process.env.FROM,
): Promise<OlderVersion | { reason: string }> {
  let commit: string;
  try {
    const added = from ? '' : await git('log', '-1', '--diff-filter=A', '--format=%H', '--', 'migrations/*.sql');
    if (!from && !added) return { reason: 'the history tells of no migration' };
    commit = await git('rev-parse', '--verify', '--quiet', `${from || `${added}^`}^{commit}`);
  } catch {
    return { reason: from ? `there is no commit ${from}` : 'no history of this repository goes back so far' };
  }
  const dir = temporaryDirectory('faults-older');
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'older.tar');
  await git('archive', '--format=tar', '-o', file, commit);
  await run('tar', ['-xf', file, '-C', dir]);
  rmSync(file);
  symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
  return { commit: commit.slice(0, 9), dir };
}
