import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { wipe } from '../../src/vault/cipher.ts';
import { parseMasterKeys, readKeyring } from '../../src/vault/keyring.ts';
import { createVault, dataKeyNumber, type Place, VaultError } from '../../src/vault/vault.ts';

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

  it('says what does not open by its place and never by its value', () => {
    const messageOf = (work: () => unknown) => {
      try {
        return work();
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    };
    const moved = { ...place, rowId: 'row-2' };
    const sealed = vault.seal(keys, place, secret);
    const another = 'does not open: it was damaged, moved, or sealed under another key.';
    expect(messageOf(() => vault.open(keys, moved, sealed))).toBe(
      `VaultError: connectors.auth.client_secret ${another}`,
    );
    expect(messageOf(() => vault.unwrap([{ ...row, number: 2 }]))).toBe(`VaultError: Data key 2 ${another}`);
    const hubs = vault.sealForHub('one', secret);
    expect(messageOf(() => vault.openForHub('two', hubs))).toBe(`VaultError: The secret "two" ${another}`);
    const body = (bytes: number) => `pb1.1.${Buffer.alloc(bytes).toString('base64url')}`;
    const cut = 'VaultError: connectors.auth.client_secret is cut off.';
    for (const bytes of [1, 23, 24, 39]) expect(messageOf(() => vault.open(keys, place, body(bytes)))).toBe(cut);
    expect(messageOf(() => vault.open(keys, place, body(40)))).toContain(another);
  });

  it('leaves nothing that it sealed in the memory that short texts share', () => {
    const shared = () => Buffer.from(Buffer.from('x').buffer).includes('a rare word of 4711');
    vault.seal(keys, place, 'a rare word of 4711');
    vault.sealForHub('session_signing', 'a rare word of 4711');
    expect(shared()).toBe(false);
    const bytes = Uint8Array.of(1, 2, 3);
    wipe(bytes);
    expect([...bytes]).toEqual([0, 0, 0]);
  });

  it('names the data key of an envelope, and of what is none nothing', () => {
    const twelfth = vault.unwrap([vault.newTenantKey(ada, 12), row]);
    expect(dataKeyNumber(vault.seal(twelfth, place, secret))).toBe(12);
    for (const text of ['', 'plain', 'pb1.0.AAAA', 'pb1.1.', 'xpb1.1.AAAA', 'pb1.1.AAAA\n', 'pb1.1x.AAAA'])
      expect([text, dataKeyNumber(text)]).toEqual([text, null]);
  });

  it('takes no keys but those that it unwrapped, all of one tenant', () => {
    const forged = { tenantId: ada, newest: 1, key: () => new Uint8Array(32) };
    expect(() => vault.seal(forged, place, secret)).toThrow(TypeError);
    expect(() => vault.open(forged, place, vault.seal(keys, place, secret))).toThrow(TypeError);
    expect(codeOf(() => vault.unwrap([row, vault.newTenantKey(cleo, 2)]))).toBe('does_not_open');
    expect(vault.unwrap([row]).tenantId).toBe(ada);
  });

  it('knows its master keys', () => {
    const both = vaultWith(masterKey('k2'), first);
    expect([both.keySource, both.masterKeyIds(), both.addMasterKey()]).toEqual(['MASTER_KEYS', ['k2', 'k1'], false]);
  });

  it("rewraps the hub's own secrets too", () => {
    const second = masterKey('k2');
    const rewrapped = vaultWith(second, first).rewrapForHub(
      'session_signing',
      vault.sealForHub('session_signing', secret),
    );
    expect(rewrapped.masterKeyId).toBe('k2');
    expect(vaultWith(second).openForHub('session_signing', rewrapped)).toBe(secret);
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

  it('needs no padding, and line ends around it do no harm', () => {
    const bare = masterKey('k1').replace('=', '');
    expect(parseMasterKeys(`\n${bare}\n`, 'MASTER_KEYS')).toHaveLength(1);
  });

  const short = `k1:${randomBytes(31).toString('base64')}`;
  it.each([
    ['', 'Key 1 of MASTER_KEYS is not'],
    ['justtext', 'Key 1 of MASTER_KEYS is not'],
    [short, 'Key 1 of MASTER_KEYS is not'],
    [`${masterKey('k1')},`, 'Key 2 of MASTER_KEYS is not'],
    [`${masterKey('k1')}x`, 'Key 1 of MASTER_KEYS is not'],
    [`k1:${randomBytes(33).toString('base64')}`, 'Key 1 of MASTER_KEYS is not'],
    [`:${randomBytes(32).toString('base64')}`, 'Key 1 of MASTER_KEYS is not'],
    [`a b${masterKey('k1')}`, 'Key 1 of MASTER_KEYS is not'],
    [`${masterKey('k1')},${masterKey('k1')}`, 'two keys alike'],
  ])('refuses %j without quoting it', (text, message) => {
    const read = () => parseMasterKeys(text, 'MASTER_KEYS');
    expect(read).toThrow(message);
    if (text) expect(read).not.toThrow(text);
  });
});
