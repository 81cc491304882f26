import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../../src/db/connection.ts';
import { isEmptyDatabase } from '../../../src/db/queries/whole-tables.ts';
import { writeBackup } from '../../../src/services/backup/backup.ts';
import { type BackupEntry, backupBytes, counter, readBackup } from '../../../src/services/backup/file.ts';
import { checkBackup, restoreBackup } from '../../../src/services/backup/restore.ts';
import { checkKeyring } from '../../../src/services/secrets/keyring.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { masterKeys } from '../../support/app.ts';
import { emptyDatabase, type TestDatabase, testDatabase } from '../../support/db.ts';
import { temporaryDirectory } from '../../support/postgres.ts';

const passphrase = 'a passphrase for tests';
const vault = createVault(readKeyring({ masterKeys, dataDir: '/nowhere' }));

let home: string;
let original: string;
let source: TestDatabase;
beforeAll(async () => {
  home = temporaryDirectory('crafted');
  original = path.join(home, 'original.backup');
  source = await testDatabase();
  await checkKeyring(source.db, vault);
  await withConnection(
    source.admin,
    (own) => own`
      insert into verifications (id, identifier, value, expires_at)
      values (gen_random_uuid(), 'password-reset:used-since', 'ada', now() + interval '30 minutes')`,
  );
  await writeBackup(source.admin, original, passphrase);
});
afterAll(async () => {
  await source.drop();
  rmSync(home, { recursive: true, force: true });
});

let target: TestDatabase;
afterEach(() => target?.drop());

/** The backup as somebody who knows its passphrase could write it anew, with a manifest that fits. */
async function crafted(name: string, change: (entry: BackupEntry) => BackupEntry): Promise<string> {
  const file = path.join(home, `${name}.backup`);
  const count = counter();
  const entries = async function* () {
    for await (const entry of readBackup(original, passphrase)) {
      const next = change(entry);
      count.take(next);
      yield next.kind === 'manifest' ? { ...next, manifest: count.manifest() } : next;
    }
  };
  const parts: Buffer[] = [];
  for await (const part of backupBytes(passphrase, entries())) parts.push(part);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

async function restore(file: string) {
  target = await emptyDatabase();
  const header = await checkBackup(file, passphrase, vault);
  return restoreBackup(target.admin, file, passphrase, { header, vault });
}

describe('a backup', () => {
  it.each([
    'public.verifications (id, identifier, value, expires_at) select gen_random_uuid(), $1, current_user, now() --',
    'pg_catalog.pg_authid',
    'public.nothing',
    'verifications',
  ])('cannot name %s as a table', async (table) => {
    const file = await crafted('named', (entry) =>
      entry.kind === 'table' && entry.table === 'public.verifications' ? { ...entry, table } : entry,
    );
    await expect(restore(file)).rejects.toMatchObject({ name: 'VaultError', code: 'malformed' });
    expect(await withConnection(target.admin, isEmptyDatabase)).toBe(true);
  });

  it('brings no link back that may have been used since', async () => {
    const { manifest } = await restore(await crafted('same', (entry) => entry));
    expect(manifest['public.verifications']?.rows).toBe(1);
    const left = await withConnection(target.admin, (own) => own`select from verifications`);
    expect(left).toHaveLength(0);
  });
});
