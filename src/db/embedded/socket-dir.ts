import { createHash } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StartError } from '../start-error.ts';
import type { Account } from './account.ts';

/**
 * The folder of the server's socket: short, because a socket's path has at most 107 bytes, and closed to everybody else.
 * @throws StartError when somebody else made it
 */
export function makeSocketDir(dataDir: string, account: Account | null): string {
  const mark = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const dir = path.join(os.tmpdir(), `patchbay-${mark}`);
  const owner = account?.uid ?? process.getuid?.();
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) && account) chownSync(dir, account.uid, account.gid);
  const found = lstatSync(dir);
  const ours = found.isDirectory() && (found.mode & 0o077) === 0 && (owner === undefined || found.uid === owner);
  if (ours) return dir;
  throw new StartError(
    `${dir} is there but does not belong to PostgreSQL's account alone. Remove it, or set TMPDIR to another folder.`,
  );
}

/** Only when the socket is gone: a server that is starting may have put a new one there. */
export function removeSocketDir(dir: string) {
  try {
    rmdirSync(dir);
  } catch {
    // not empty, or gone already
  }
}
