import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Config, ConfigError } from '../config.ts';
import { VaultError } from './errors.ts';
import { makeKeyFile, putKeyInFront } from './key-file.ts';

export interface MasterKey {
  id: string;
  key: Uint8Array;
}

/** The master keys; they wrap the tenants' data keys and seal the hub's own secrets. */
export interface Keyring {
  /** Where they come from, for messages. */
  source: string;
  /** Newest first; empty while there is none. */
  ids(): string[];
  /** The key that new things are sealed under; made now when there is none and it may be made. */
  newest(): MasterKey;
  /** @throws VaultError unknown_master_key */
  find(id: string): MasterKey;
  /** Puts a new key in front of the others and keeps those; false when the operator names the keys. */
  add(): boolean;
}

/**
 * Reads MASTER_KEYS, or else the file `master-keys` in the data directory. A missing file is made when something is to be sealed for the
 * first time, and never before: a database that was sealed under lost keys is found out without a new key beside it.
 * @throws ConfigError when the keys are malformed or the file is open to others
 */
export function readKeyring({ masterKeys, dataDir }: Pick<Config, 'masterKeys' | 'dataDir'>): Keyring {
  return masterKeys === null ? keyringInFile(path.join(dataDir, 'master-keys')) : keyringNamed(masterKeys);
}

function keyringNamed(masterKeys: string): Keyring {
  const source = 'MASTER_KEYS';
  const keys = parseMasterKeys(masterKeys, source);
  return {
    source,
    ids: () => keys.map(({ id }) => id),
    newest: () => keys[0] as MasterKey,
    find: (id) => withId(keys, id) ?? unknown(id, source),
    add: () => false,
  };
}

/** Looks at the file again before it seals and when it meets a key that it does not know: a rotation adds keys while hubs run. */
function keyringInFile(file: string): Keyring {
  const source = `the file ${file}`;
  let keys: MasterKey[] = [];
  const read = () => {
    if (existsSync(file)) keys = readFile(file);
    return keys;
  };
  read();
  return {
    source,
    ids: () => read().map(({ id }) => id),
    newest: () => {
      if (!read().length) keys = parseMasterKeys(makeKeyFile(file), file);
      return keys[0] as MasterKey;
    },
    find: (id) => withId(keys, id) ?? withId(read(), id) ?? unknown(id, source),
    add: () => {
      keys = parseMasterKeys(putKeyInFront(file), file);
      return true;
    },
  };
}

const withId = (keys: MasterKey[], id: string) => keys.find((key) => key.id === id);

function unknown(id: string, source: string): never {
  throw new VaultError('unknown_master_key', `The master key "${id}" is not in ${source}.`);
}

function readFile(file: string): MasterKey[] {
  if (process.platform !== 'win32' && statSync(file).mode & 0o077)
    throw new ConfigError(`${file} holds the master keys and is open to other users. Run: chmod 600 '${file}'`);
  try {
    return parseMasterKeys(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`The master keys in ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

const keyPattern = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=?)$/;

/**
 * Reads `id:base64(32 bytes),…`, newest first.
 * @throws ConfigError that names the entry by its place and never quotes it
 */
export function parseMasterKeys(text: string, source: string): MasterKey[] {
  const keys = text
    .trim()
    .split(',')
    .map((entry, index) => parseEntry(entry.trim(), `Key ${index + 1} of ${source}`));
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size === keys.length) return keys;
  throw new ConfigError(`${source} names two keys alike. Every key needs an id of its own.`);
}

function parseEntry(entry: string, which: string): MasterKey {
  const [, id, base64] = keyPattern.exec(entry) ?? [];
  const key = Buffer.from(base64 ?? '', 'base64');
  if (id && key.length === 32) return { id, key };
  throw new ConfigError(
    `${which} is not id:base64(32 random bytes), with an id of letters, digits, ".", "_" or "-". Make one with: echo "k1:$(openssl rand -base64 32)"`,
  );
}
