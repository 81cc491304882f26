import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseMasterKeys, readKeyring } from '../../src/vault/keyring.ts';
import { createVault, type Place, VaultError } from '../../src/vault/vault.ts';

const masterKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const vaultWith = (...keys: string[]) => createVault(readKeyring({ masterKeys: keys.join(), dataDir: '/nowhere' }));

const ada = '01980000-0000-7000-8000-00000000000a';
const cleo = '01980000-0000-7000-8000-00000000000c';
const place: Place = { tenantId: ada, table: 'connectors', rowId: 'row-1', field: 'auth.client_secret' };
const secret = 'tøken ☃ with "quotes"';

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof VaultError ? error.code : error;
  }
  return 'nothing thrown';
};

describe('the vault', () => {
  const first = masterKey('k1');
  const vault = vaultWith(first);
  const row = vault.newTenantKey(ada, 1);
  const keys = vault.unwrap([row]);

  it('opens what it sealed, and the envelope names its data key', () => {
    const sealed = vault.seal(keys, place, secret);
    expect(sealed).toMatch(/^pb1\.1\.[\w-]+$/);
    expect(sealed).not.toContain(Buffer.from(secret).toString('base64url').slice(0, 12));
    expect(vault.open(keys, place, sealed)).toBe(secret);
    expect(vault.open(keys, place, vault.seal(keys, place, ''))).toBe('');
  });

  it('never seals alike', () => {
    const sealed = new Set(Array.from({ length: 2_000 }, () => vault.seal(keys, place, secret)));
    expect(sealed.size).toBe(2_000);
  });

  it.each<[string, Partial<Place>]>([
    ['row', { rowId: 'row-2' }],
    ['field', { field: 'auth.api_key' }],
    ['table', { table: 'credentials' }],
    ['tenant', { tenantId: cleo }],
    ['row and field, split elsewhere', { rowId: 'row-1","auth', field: 'client_secret' }],
  ])('refuses an envelope that was moved to another %s', (_what, elsewhere) => {
    const sealed = vault.seal(keys, place, secret);
    expect(codeOf(() => vault.open(keys, { ...place, ...elsewhere }, sealed))).toBe('does_not_open');
  });

  it("refuses another tenant's keys", () => {
    const foreign = vault.unwrap([vault.newTenantKey(cleo, 1)]);
    const sealed = vault.seal(keys, place, secret);
    expect(codeOf(() => vault.open(foreign, place, sealed))).toBe('does_not_open');
  });

  it('refuses every envelope with one bit changed', () => {
    const [head, number, body] = vault.seal(keys, place, 'abc').split('.');
    const bytes = Buffer.from(body as string, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const sealed = [head, number, damaged.toString('base64url')].join('.');
      expect(codeOf(() => vault.open(keys, place, sealed))).toBe('does_not_open');
    }
  });

  it.each(['', 'plain text', 'pb1.0.AAAA', 'pb1.1.', 'pb2.1.AAAA', 'pb1.1.AA+/', '{"$sealed":"pb1.1.AA"}'])(
    'calls %j malformed',
    (text) => expect(codeOf(() => vault.open(keys, place, text))).toBe('malformed'),
  );

  it('tells a cut envelope and a data key that is gone apart', () => {
    expect(codeOf(() => vault.open(keys, place, 'pb1.1.AAAA'))).toBe('does_not_open');
    const newer = vault.unwrap([vault.newTenantKey(ada, 2)]);
    expect(codeOf(() => vault.open(keys, place, vault.seal(newer, place, secret)))).toBe('unknown_data_key');
    expect(codeOf(() => vault.unwrap([]))).toBe('no_keys');
  });

  it('seals under the newest data key and still opens the older ones', () => {
    const old = vault.seal(keys, place, secret);
    const both = vault.unwrap([vault.newTenantKey(ada, 2), row]);
    expect(both.newest).toBe(2);
    expect(vault.seal(both, place, secret)).toMatch(/^pb1\.2\./);
    expect(vault.open(both, place, old)).toBe(secret);
  });

  it('does not unwrap a data key that was moved to another tenant or number', () => {
    expect(codeOf(() => vault.unwrap([{ ...row, tenantId: cleo }]))).toBe('does_not_open');
    expect(codeOf(() => vault.unwrap([{ ...row, number: 2 }]))).toBe('does_not_open');
  });

  it('rewraps under a newer master key, after which the old one can go', () => {
    const sealed = vault.seal(keys, place, secret);
    const second = masterKey('k2');
    const rotating = vaultWith(second, first);
    expect(rotating.open(rotating.unwrap([row]), place, sealed)).toBe(secret);
    const rewrapped = rotating.rewrap(row);
    expect(rewrapped).toMatchObject({ tenantId: ada, number: 1, masterKeyId: 'k2' });
    const later = vaultWith(second);
    expect(later.open(later.unwrap([rewrapped]), place, sealed)).toBe(secret);
    expect(codeOf(() => later.unwrap([row]))).toBe('unknown_master_key');
  });

  it('does not unwrap under another master key of the same id', () => {
    expect(codeOf(() => vaultWith(masterKey('k1')).unwrap([row]))).toBe('does_not_open');
  });

  it("seals the hub's own secrets by name", () => {
    const sealed = vault.sealForHub('session_signing', secret);
    expect(vault.openForHub('session_signing', sealed)).toBe(secret);
    expect(codeOf(() => vault.openForHub('keyring_check', sealed))).toBe('does_not_open');
    expect(codeOf(() => vaultWith(masterKey('k9')).openForHub('session_signing', sealed))).toBe('unknown_master_key');
  });
});

describe('MASTER_KEYS', () => {
  it('lists several keys, the newest first', () => {
    const keys = parseMasterKeys(` ${masterKey('new.2')}, ${masterKey('old-1')} `, 'MASTER_KEYS');
    expect(keys.map(({ id, key }) => [id, key.length])).toEqual([
      ['new.2', 32],
      ['old-1', 32],
    ]);
  });

  const short = `k1:${randomBytes(31).toString('base64')}`;
  it.each([
    ['', 'Key 1 of MASTER_KEYS is not'],
    ['justtext', 'Key 1 of MASTER_KEYS is not'],
    [short, 'Key 1 of MASTER_KEYS is not'],
    [`${masterKey('k1')},`, 'Key 2 of MASTER_KEYS is not'],
    [`a b${masterKey('k1')}`, 'Key 1 of MASTER_KEYS is not'],
    [`${masterKey('k1')},${masterKey('k1')}`, 'two keys alike'],
  ])('refuses %j without quoting it', (text, message) => {
    const read = () => parseMasterKeys(text, 'MASTER_KEYS');
    expect(read).toThrow(message);
    if (text) expect(read).not.toThrow(text);
  });
});
