import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, withConnection } from '../../../src/db/connection.ts';
import { knownMigrations, migrate, migrationState } from '../../../src/db/migrate.ts';
import { isEmptyDatabase, makeSchema } from '../../../src/db/queries/whole-tables.ts';
import { writeBackup } from '../../../src/services/backup/backup.ts';
import { checkBackup, restoreBackup } from '../../../src/services/backup/restore.ts';
import { placeOf } from '../../../src/services/secrets/secrets.ts';
import { readKeyring } from '../../../src/vault/keyring.ts';
import { createVault } from '../../../src/vault/vault.ts';
import { masterKeys } from '../../support/app.ts';
import { emptyDatabase, type TestDatabase } from '../../support/db.ts';
import { temporaryDirectory } from '../../support/postgres.ts';
import { runCommand } from '../../support/processes.ts';

const passphrase = 'a passphrase for tests';
const vault = createVault(readKeyring({ masterKeys, dataDir: '/nowhere' }));
const known = knownMigrations();

let home: string;
beforeAll(() => {
  home = temporaryDirectory('versions');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const databases: TestDatabase[] = [];
async function database(): Promise<Connection> {
  const made = await emptyDatabase();
  databases.push(made);
  return made.admin;
}
afterEach(async () => {
  for (const each of databases.splice(0)) await each.drop();
});

/** The schema as the version with only the first migrations made it. */
const migrateFirst = (owner: Connection, count: number) =>
  withConnection(owner, (sql) =>
    sql.begin(async (tx) => {
      const first = known.slice(0, count);
      await makeSchema(tx, first);
      for (const { hash, folderMillis } of first)
        await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
    }),
  );

/** A workspace with a connector and a person who is signed in, in the columns of the first version. */
async function fill(owner: Connection): Promise<void> {
  const [tenantId, userId, catalogId, connectorId] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const key = vault.newTenantKey(tenantId, 1);
  const check = vault.sealForHub('keyring_check', 'patchbay');
  const seat = { tenantId, connectorId, part: 'auth' as const };
  const secret = JSON.stringify({ value: 'abcd efgh', destinations: [] });
  const sealed = vault.seal(vault.unwrap([key]), placeOf(seat, 'password'), secret);
  const auth = JSON.stringify({ method: 'basic', password: { $sealed: sealed, updated_at: '' } });
  await withConnection(owner, (sql) =>
    sql.begin(async (tx) => {
      await tx`insert into hub_secrets (name, master_key_id, sealed) values ('keyring_check', ${check.masterKeyId}, ${check.sealed})`;
      await tx`insert into organizations (id, name, slug) values (${tenantId}, 'Northwind', 'northwind')`;
      await tx`insert into users (id, name, email, email_verified) values (${userId}, 'Ada', 'ada@example.com', true)`;
      await tx`insert into sessions (id, token, user_id, expires_at) values (${uuidv7()}, 'token', ${userId}, now() + interval '1 day')`;
      await tx`
        insert into tenant_keys (tenant_id, id, number, master_key_id, wrapped)
        values (${tenantId}, ${uuidv7()}, 1, ${key.masterKeyId}, ${key.wrapped})`;
      await tx`
        insert into connector_catalog (id, key, name, description, category, icon, auth_type, auth_methods, aliases, capabilities,
          default_config_schema, auth_schema, schema_version)
        values (${catalogId}, 'blog', 'Blog', '', 'Content', 'blog', 'basic', '["basic"]', '[]', '{}', '{}', '{}', 1)`;
      await tx`
        insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, schema_version)
        values (${tenantId}, ${connectorId}, ${catalogId}, 'Company blog', 'blog', '{}', ${auth}::text::jsonb, 1)`;
    }),
  );
}

const rowsOf = (owner: Connection) =>
  withConnection(owner, async (sql) => {
    const [row] = await sql`
      select o.name as tenant, c.name as connector, u.email, (select count(*)::int from sessions) as sessions
      from organizations o join connectors c on c.tenant_id = o.id, users u`;
    return row;
  });

const isEmpty = (owner: Connection) => withConnection(owner, isEmptyDatabase);

describe('a backup of another version', () => {
  // The first one, one in between, and the one before this.
  it.each([3, Math.ceil(known.length / 2), known.length - 1])(
    'that had %i migrations comes back in today’s schema, with every secret',
    async (count) => {
      const file = path.join(home, `${count}.backup`);
      const [old, fresh] = [await database(), await database()];
      await migrateFirst(old, count);
      await fill(old);
      await writeBackup(old, file, passphrase);

      const header = await checkBackup(file, passphrase, vault);
      expect(header.migrations).toHaveLength(count);
      const { manifest, secrets } = await restoreBackup(fresh, file, passphrase, { header, vault });
      expect(manifest['public.connectors']?.rows).toBe(1);
      expect(secrets).toEqual({ opened: 3, unreadable: [] }); // the check value, the data key, the password
      expect(await migrationState(fresh)).toEqual({ missing: 0, newer: 0 });
      expect(await rowsOf(fresh)).toEqual({
        tenant: 'Northwind',
        connector: 'Company blog',
        email: 'ada@example.com',
        sessions: 0,
      });
      await migrate(fresh); // as the next start does
    },
  );

  it('that is newer is refused before anything is written', async () => {
    const file = path.join(home, 'newer.backup');
    const [later, fresh] = [await database(), await database()];
    await migrate(later);
    await fill(later);
    await withConnection(later, async (sql) => {
      await sql`create table later (id int)`;
      await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', ${Date.now()})`;
    });
    await writeBackup(later, file, passphrase);
    const message = 'This backup was made by a newer Patchbay. Restore it with that version.';
    await expect(checkBackup(file, passphrase, vault)).rejects.toThrow(message);
    expect(await isEmpty(fresh)).toBe(true);

    const dataDir = path.join(home, 'refused');
    mkdirSync(dataDir);
    writeFileSync(path.join(dataDir, 'master-keys'), masterKeys, { mode: 0o600 });
    const env = { DATA_DIR: dataDir, BACKUP_PASSPHRASE: passphrase };
    const refused = await runCommand('src/commands/restore.ts', { env, args: ['--file', file] });
    expect(refused).toEqual({ code: 1, out: '', err: `${message}\n` });
    expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false);
  });

  it('leaves the database empty when one of its rows does not fit', async () => {
    const file = path.join(home, 'odd.backup');
    const [old, fresh] = [await database(), await database()];
    await migrateFirst(old, 3);
    await fill(old);
    await withConnection(old, async (sql) => {
      await sql`alter table organizations alter column name drop not null`;
      await sql`insert into organizations (id, slug) values (${uuidv7()}, 'nameless')`;
    });
    await writeBackup(old, file, passphrase);
    const header = await checkBackup(file, passphrase, vault);
    await expect(restoreBackup(fresh, file, passphrase, { header, vault })).rejects.toThrow(
      'null value in column "name"',
    );
    expect(await isEmpty(fresh)).toBe(true);
  });
});
