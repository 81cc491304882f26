import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Sql, TransactionSql } from 'postgres';
import { type Connection, withConnection } from '../../db/connection.ts';
import { readRows, tablesInOrder } from '../../db/queries/whole-tables.ts';
import { StartError } from '../../db/start-error.ts';
import { type BackupEntry, type BackupHeader, backupBytes, counter, type Manifest, readBackup } from './file.ts';

export interface Backup {
  bytes: number;
  manifest: Manifest;
}

/**
 * Writes all tables, as they were at one moment, into a new encrypted file, and reads it again before it gets its name. Hubs may run.
 * The master keys are not in it.
 * @throws StartError when there is such a file already or nothing to back up
 */
export async function writeBackup(owner: Connection, file: string, passphrase: string): Promise<Backup> {
  if (existsSync(file)) throw new StartError(`${file} is there already. Choose another name.`);
  const draft = `${file}.${randomBytes(4).toString('hex')}.partial`;
  try {
    await withConnection(owner, (sql) => writeDraft(sql, draft, passphrase));
    const manifest = await verify(draft, passphrase);
    linkSync(draft, file); // unlike a rename, this never replaces a file
    return { bytes: statSync(file).size, manifest };
  } finally {
    rmSync(draft, { force: true });
  }
}

async function writeDraft(sql: Sql, draft: string, passphrase: string): Promise<void> {
  await sql.begin('isolation level repeatable read read only', async (tx) => {
    const out = createWriteStream(draft, { mode: 0o600, flags: 'wx', flush: true });
    await pipeline(backupBytes(passphrase, entries(tx)), out);
  });
}

async function* entries(tx: TransactionSql): AsyncGenerator<BackupEntry> {
  const tables = await tablesInOrder(tx);
  yield { kind: 'header', header: await readHeader(tx, tables) };
  const count = counter();
  const counted = (entry: BackupEntry) => {
    count.take(entry);
    return entry;
  };
  for (const table of tables) {
    yield counted({ kind: 'table', table });
    for await (const rows of readRows(tx, table)) for (const { row } of rows) yield counted({ kind: 'row', row });
  }
  yield { kind: 'manifest', manifest: count.manifest() };
}

async function readHeader(tx: TransactionSql, tables: string[]): Promise<BackupHeader> {
  const nothing = new StartError('There is nothing to back up yet: no hub has been started on this database.');
  if (!tables.includes('public.hub_secrets')) throw nothing;
  const [check] = await tx<BackupHeader['check'][]>`
    select master_key_id as "masterKeyId", sealed from hub_secrets where name = 'keyring_check'`;
  if (!check) throw nothing;
  const keys =
    await tx`select master_key_id as id from tenant_keys union select master_key_id from hub_secrets order by 1`;
  const migrations = await tx`select hash from drizzle.__drizzle_migrations order by created_at`;
  return {
    madeAt: new Date().toISOString(),
    migrations: migrations.map(({ hash }) => hash as string),
    check,
    masterKeys: keys.map(({ id }) => id as string),
  };
}

async function verify(file: string, passphrase: string): Promise<Manifest> {
  let manifest: Manifest = {};
  for await (const entry of readBackup(file, passphrase)) if (entry.kind === 'manifest') manifest = entry.manifest;
  return manifest;
}
