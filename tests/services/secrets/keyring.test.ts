import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubSecrets, organizations, tenantKeys as tenantKeysTable } from '../../../src/db/schema/index.ts';
import { checkKeyring, hubSecret, tenantKeys } from '../../../src/services/secrets/keyring.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { type TestDatabase, testDatabase } from '../../support/db.ts';

const masterKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const vaultWith = (masterKeys: string | null) => createVault(readKeyring({ masterKeys, dataDir: '/nowhere/at/all' }));

describe('the keyring and its database', () => {
  let database: TestDatabase;
  const key = masterKey('k1');
  const vault = vaultWith(key);
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  const addTenant = async () => {
    const id = uuidv7();
    await database.db.system.insert(organizations).values({ id, name: 'Ada', slug: id });
    return id;
  };

  it('remembers the master keys of an empty database and knows them again', async () => {
    await Promise.all([checkKeyring(database.db, vault), checkKeyring(database.db, vault)]);
    await checkKeyring(database.db, vault);
    await checkKeyring(database.db, vaultWith(`${masterKey('k2')},${key}`));
  });

  it.each([
    ['of another id', () => masterKey('other'), /"k1" is not in MASTER_KEYS/],
    ['of the same id', () => masterKey('k1'), /does not open/],
    ['that is missing', () => null, /"k1" is not in the file \/nowhere\/at\/all\/master-keys/],
  ])('stops at a master key %s', async (_what, wrong, message) => {
    const check = checkKeyring(database.db, vaultWith(wrong()));
    await expect(check).rejects.toThrow(message);
    await expect(check).rejects.toThrow('no new key is made over existing data');
  });

  it('gives every caller the same secret', async () => {
    const make = () => randomBytes(8).toString('hex');
    const secrets = await Promise.all(Array.from({ length: 8 }, () => hubSecret(database.db, vault, 'signing', make)));
    expect(new Set(secrets).size).toBe(1);
  });

  it("makes a tenant's first data key once", async () => {
    const tenantId = await addTenant();
    const place = { tenantId, table: 'connectors', rowId: 'r', field: 'auth.token' };
    const sealed = await Promise.all(
      Array.from({ length: 6 }, () =>
        database.db.asTenant(tenantId, async (tx) => vault.seal(await tenantKeys(tx, vault, tenantId), place, 'x')),
      ),
    );
    const fresh = vaultWith(key);
    const opened = await database.db.asTenant(tenantId, async (tx) => {
      const keys = await tenantKeys(tx, fresh, tenantId);
      expect(await tx.$count(tenantKeysTable, eq(tenantKeysTable.tenantId, tenantId))).toBe(1);
      return sealed.map((text) => fresh.open(keys, place, text));
    });
    expect(opened).toEqual(Array(6).fill('x'));
  });

  it('does not remember a data key that was rolled back', async () => {
    const tenantId = await addTenant();
    const place = { tenantId, table: 'connectors', rowId: 'r', field: 'auth.token' };
    const failing = database.db.asTenant(tenantId, async (tx) => {
      await tenantKeys(tx, vault, tenantId);
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    const sealed = await database.db.asTenant(tenantId, async (tx) =>
      vault.seal(await tenantKeys(tx, vault, tenantId), place, 'kept'),
    );
    const fresh = vaultWith(key);
    const opened = database.db.asTenant(tenantId, async (tx) =>
      fresh.open(await tenantKeys(tx, fresh, tenantId), place, sealed),
    );
    expect(await opened).toBe('kept');
  });

  it('stops when the database holds sealed data but no check value', async () => {
    const other = await testDatabase();
    try {
      await other.db.system.insert(hubSecrets).values({ name: 'signing', ...vault.sealForHub('signing', 's') });
      await expect(checkKeyring(other.db, vault)).rejects.toThrow('Restore the table hub_secrets');
    } finally {
      await other.drop();
    }
  });
});
