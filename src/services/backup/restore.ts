import { existsSync } from 'node:fs';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Sql, TransactionSql } from 'postgres';
import { type Connection, withConnection } from '../../db/connection.ts';
import { knownMigrations, migrate } from '../../db/migrate.ts';
import {
  countRows,
  finishRestore,
  insertRows,
  isEmptyDatabase,
  makeSchema,
  tablesInOrder,
} from '../../db/queries/whole-tables.ts';
import { StartError } from '../../db/start-error.ts';
import { type Vault, VaultError } from '../../vault/vault.ts';
import { openEverything, type SecretCheck } from '../secrets/secret-check.ts';
import { type BackupHeader, type Manifest, readBackup } from './file.ts';

/**
 * Reads the whole file and says whether it can be restored here; writes nothing.
 * @throws VaultError when the file or its passphrase is wrong, StartError when the version or the master keys are
 */
export async function checkBackup(file: string, passphrase: string, vault: Vault): Promise<BackupHeader> {
  if (!existsSync(file)) throw new StartError(`There is no file ${file}.`);
  let header: BackupHeader | null = null;
  for await (const entry of readBackup(file, passphrase)) if (entry.kind === 'header') header = entry.header;
  if (!header) throw new VaultError('malformed', 'This backup does not say what it holds. Use another copy of it.');
  const known = new Set(knownMigrations().map(({ hash }) => hash));
  if (!header.migrations.every((hash) => known.has(hash)))
    throw new StartError('This backup was made by a newer Patchbay. Restore it with that version.');
  checkKeys(header, vault);
  return header;
}

function checkKeys({ check, masterKeys }: BackupHeader, vault: Vault) {
  const here = new Set(vault.masterKeyIds());
  const missing = masterKeys.filter((id) => !here.has(id));
  const next = `Put the master keys of that hub back into ${vault.keySource} first. Nothing was restored.`;
  if (missing.length) throw new StartError(`This backup needs the master keys ${missing.join(', ')}. ${next}`);
  try {
    vault.openForHub('keyring_check', check);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw new StartError(`The master keys here do not open this backup. ${next}`, { cause: error });
  }
}

export interface Restored {
  manifest: Manifest;
  secrets: SecretCheck;
}

/**
 * Restores a checked backup into an empty database, all of it or nothing, and then opens every secret.
 * @throws StartError when the database is not empty or does not hold what the backup says
 */
export async function restoreBackup(
  owner: Connection,
  file: string,
  passphrase: string,
  { header, vault }: { header: BackupHeader; vault: Vault },
): Promise<Restored> {
  return withConnection(owner, async (sql) => {
    const manifest = await sql.begin((tx) => restoreAll(tx, file, passphrase, header));
    await migrate(owner); // a backup of an older version
    const secrets = await drizzle(sql as Sql).transaction((tx) => openEverything(tx, vault));
    return { manifest, secrets };
  });
}

async function restoreAll(tx: TransactionSql, file: string, passphrase: string, header: BackupHeader) {
  if (!(await isEmptyDatabase(tx)))
    throw new StartError(
      'The database holds tables already. Restore into an empty one: a new DATA_DIR or a new database.',
    );
  const had = new Set(header.migrations);
  await makeSchema(
    tx,
    knownMigrations().filter(({ hash }) => had.has(hash)),
  );
  const manifest = await insertAll(tx, file, passphrase);
  for (const [table, { rows }] of Object.entries(manifest)) {
    const found = await countRows(tx, table);
    if (found !== rows) throw new StartError(`${table} has ${found} rows and not ${rows}. Nothing was restored.`);
  }
  await finishRestore(tx);
  return manifest;
}

const batchBytes = 500_000;

async function insertAll(tx: TransactionSql, file: string, passphrase: string): Promise<Manifest> {
  const tables = new Set(await tablesInOrder(tx));
  let manifest: Manifest = {};
  let table = '';
  let rows: string[] = [];
  let bytes = 0;
  const flush = async () => {
    if (rows.length) await insertRows(tx, table, rows);
    [rows, bytes] = [[], 0];
  };
  for await (const entry of readBackup(file, passphrase)) {
    if (entry.kind === 'row') {
      bytes += rows.push(entry.row) && entry.row.length;
      if (bytes > batchBytes) await flush();
      continue;
    }
    await flush();
    if (entry.kind === 'table') table = known(tables, entry.table);
    if (entry.kind === 'manifest') manifest = entry.manifest;
  }
  return manifest;
}

/** The name becomes part of a statement, and the file may be the work of somebody who knows its passphrase. */
function known(tables: Set<string>, table: string): string {
  if (tables.has(table)) return table;
  throw new VaultError('malformed', 'This backup names a table that Patchbay does not have. Use another copy of it.');
}
