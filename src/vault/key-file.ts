import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { readOrCreate } from '../lib/create-once.ts';

/** The text of the file of master keys, which is made with one key unless it is there. */
export function makeKeyFile(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  return readOrCreate(file, () => `${newMasterKey()}\n`);
}

/**
 * Puts a new key in front of the file's keys and returns the new text. The file is replaced as a whole and belongs to whom it belonged to:
 * a hub that runs reads the old keys or all of them, also when the machine stops in the middle. One caller at a time.
 * @throws the error of the file system
 */
export function putKeyInFront(file: string): string {
  const before = readFileSync(file, 'utf8');
  const text = `${newMasterKey()},${before.trim()}\n`;
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    giveTo(draft, statSync(file));
    renameSync(draft, file);
    syncFolder(path.dirname(file));
  } finally {
    rmSync(draft, { force: true });
  }
  return text;
}

function newMasterKey(): string {
  const key = randomBytes(32);
  const id = `k-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
  return `${id}:${key.toString('base64')}`;
}

/** The operator may be root and the hub somebody else. */
function giveTo(draft: string, { uid, gid }: { uid: number; gid: number }) {
  const made = statSync(draft);
  if (made.uid !== uid || made.gid !== gid) chownSync(draft, uid, gid);
}

/** Until then a power cut could bring the old file back, under whose keys nothing new opens. */
function syncFolder(folder: string) {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
