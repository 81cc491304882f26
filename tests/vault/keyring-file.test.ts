import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKeyring } from '../../src/vault/keyring.ts';

describe('the file master-keys', () => {
  let dataDir: string;
  let file: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-keys-'));
    file = path.join(dataDir, 'master-keys');
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const keyring = () => readKeyring({ masterKeys: null, dataDir });

  it('is made when something is sealed, and not before', () => {
    const ring = keyring();
    expect(() => ring.find('k1')).toThrow('not in the file');
    expect(existsSync(file)).toBe(false);
    const { id } = ring.newest();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keyring().find(id).key).toEqual(ring.newest().key);
  });

  it('is one and the same for two processes that start together', () => {
    const [one, two] = [keyring(), keyring()];
    const { id, key } = one.newest();
    expect(two.find(id).key).toEqual(key);
    expect(two.newest().key).toEqual(key);
  });

  it('stays as it is when it is malformed', () => {
    writeFileSync(file, 'broken', { mode: 0o600 });
    expect(keyring).toThrow(`Key 1 of ${file} is not id:base64`);
    expect(readFileSync(file, 'utf8')).toBe('broken');
  });

  it('must not be open to others', () => {
    keyring().newest();
    chmodSync(file, 0o644);
    expect(keyring).toThrow(`chmod 600 '${file}'`);
  });
});
