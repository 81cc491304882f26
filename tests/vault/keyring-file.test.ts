import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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

  it.each([0o640, 0o604, 0o601])('must not be open to others: %o', (mode) => {
    keyring().newest();
    chmodSync(file, mode);
    expect(keyring).toThrow('is open to other users');
  });

  it('is told from one that is there and cannot be read', () => {
    mkdirSync(file, { mode: 0o700 });
    expect(keyring).toThrow(`The master keys in ${file} cannot be read: EISDIR.`);
  });

  it('gets a new key in front of the others, which hubs that run already find', () => {
    const hub = keyring();
    const { id: first } = hub.newest();
    const command = keyring();
    expect(command.add()).toBe(true);
    const { id: second, key } = command.newest();
    expect(command.ids()).toEqual([second, first]);
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${second}:[^,]+,${first}:[^,]+\\n$`));
    expect(hub.find(second).key).toEqual(key);
    expect(hub.ids()).toEqual([second, first]);
    expect(keyring().newest().id).toBe(second);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['master-keys']);
  });

  it('gives new keys names of their own, which tell nothing of them', () => {
    const ring = keyring();
    const { id, key } = ring.newest();
    expect(id).toMatch(/^k-[0-9a-f]{8}$/);
    expect(key).toHaveLength(32);
    ring.add();
    expect(new Set(ring.ids()).size).toBe(2);
    expect(Buffer.from(key).toString('hex')).not.toContain(id.slice(2));
  });

  it('stays as it is when there is none to put a key in front of', () => {
    expect(() => keyring().add()).toThrow('ENOENT');
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)('still belongs to whom it belonged to', () => {
    keyring().newest();
    for (const [uid, gid] of [
      [4711, 4712],
      [0, 4712],
    ] as const) {
      chownSync(file, uid, gid);
      keyring().add();
      expect(statSync(file)).toMatchObject({ uid, gid });
    }
  });

  it('is made together with its folder, and used before one in the environment is missed', () => {
    const below = path.join(dataDir, 'new', 'folder');
    const ring = readKeyring({ masterKeys: null, dataDir: below });
    expect(ring.ids()).toEqual([]);
    expect(ring.source).toBe(`the file ${path.join(below, 'master-keys')}`);
    const { id } = ring.newest();
    expect(ring.ids()).toEqual([id]);
    expect(ring.newest().id).toBe(id);
    expect(() => ring.find('k-none')).toThrow(`The master key "k-none" is not in ${ring.source}.`);
  });

  it('is not looked at when the keys are named', () => {
    writeFileSync(file, 'broken', { mode: 0o600 });
    const masterKeys = [2, 1].map((each) => `k${each}:${Buffer.alloc(32, each).toString('base64')}`).join();
    const ring = readKeyring({ masterKeys, dataDir });
    expect([ring.source, ring.ids(), ring.newest().id, ring.find('k1').key[0]]).toEqual([
      'MASTER_KEYS',
      ['k2', 'k1'],
      'k2',
      1,
    ]);
    expect(ring.add()).toBe(false);
    expect(ring.ids()).toEqual(['k2', 'k1']);
  });
});
