import { readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StartError } from '../start-error.ts';

/** The account that the server runs as when the hub runs as root. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

const candidates = ['postgres', 'node', 'nobody'];

/**
 * PostgreSQL refuses to run as root: root drops to the first of these accounts, anybody else stays who they are (null).
 * @throws StartError when there is no account to use
 */
export function serverAccount({
  uid = process.getuid?.(),
  passwd = '/etc/passwd',
  lookUp = () => os.userInfo().username,
} = {}): Account | null {
  if (uid !== 0) return requireOwnEntry(uid, lookUp);
  const rows = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of candidates) {
    const row = rows.find((fields) => fields[0] === name);
    if (row) return { name, uid: Number(row[2]), gid: Number(row[3]) };
  }
  throw new StartError(
    `PostgreSQL does not run as root, and there is no account to drop to (${candidates.join(', ')}). Start Patchbay as a normal user, or set DATABASE_URL to a PostgreSQL server of your own.`,
  );
}

function requireOwnEntry(uid: number | undefined, lookUp: () => string): null {
  try {
    lookUp();
    return null;
  } catch (cause) {
    throw new StartError(
      `The user id ${uid} has no entry in /etc/passwd, and PostgreSQL does not start without one. Run as a user with an entry, or set DATABASE_URL to a PostgreSQL server of your own.`,
      { cause },
    );
  }
}

/**
 * Fails when the account cannot get to the folder because of a folder above it, e.g. below /root.
 * @throws StartError that names the folder in the way
 */
export function assertReachable(account: Account | null, folder: string) {
  if (!account) return;
  for (let at = folder; ; at = path.dirname(at)) {
    if (!mayEnter(account, at)) throw inTheWay(account, folder, at);
    if (at === path.dirname(at)) return;
  }
}

function mayEnter({ uid, gid }: Account, folder: string): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder);
  const shift = owner === uid ? 6 : group === gid ? 3 : 0;
  return ((mode >> shift) & 1) === 1;
}

const inTheWay = (account: Account, folder: string, at: string) =>
  new StartError(
    `Started as root, PostgreSQL runs as the account "${account.name}", which may not enter ${at} on its way to ${folder}. Set DATA_DIR to a folder outside of it, start Patchbay as the user who owns it, or allow entering with: chmod o+x '${at}'`,
  );
