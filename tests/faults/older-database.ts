import { v7 as uuidv7 } from 'uuid';
import { type Connection, withConnection } from '../../src/db/connection.ts';
import { knownMigrations } from '../../src/db/migrate.ts';
import { makeSchema } from '../../src/db/queries/whole-tables.ts';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/vault.ts';

/** Tables that have rows, and in which nothing changes when a hub starts. */
const filled = ['organizations', 'users', 'connectors', 'connections', 'executions', 'audit_events'];

/** The schema as it was when half of the migrations were there, with some ten thousand rows: changing those takes its time. */
export async function makeOlder(owner: Connection, masterKeys: string): Promise<void> {
  const first = knownMigrations().slice(0, Math.ceil(knownMigrations().length / 2));
  const vault = createVault(readKeyring({ masterKeys, dataDir: '/nowhere' }));
  const check = vault.sealForHub('keyring_check', 'patchbay'); // without it, a hub does not start beside rows
  await withConnection(owner, (sql) =>
    sql.begin(async (tx) => {
      await makeSchema(tx, first);
      for (const { hash, folderMillis } of first)
        await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
      await tx`insert into hub_secrets (name, master_key_id, sealed) values ('keyring_check', ${check.masterKeyId}, ${check.sealed})`;
      await tx`
        insert into organizations (id, name, slug) select gen_random_uuid(), 'Workspace ' || n, 'workspace-' || n from generate_series(1, 50) n`;
      await tx`insert into users (id, name, email, email_verified) values (${uuidv7()}, 'Ada', 'ada@example.com', true)`;
      for (const { id } of await tx`select id from organizations`) {
        const key = vault.newTenantKey(id, 1);
        await tx`
          insert into tenant_keys (tenant_id, id, number, master_key_id, wrapped)
          values (${id}, ${uuidv7()}, 1, ${key.masterKeyId}, ${key.wrapped})`;
      }
      await tx`
        insert into connector_catalog (id, key, name, description, category, icon, auth_type, auth_methods, aliases, capabilities,
          default_config_schema, auth_schema, schema_version)
        values (${uuidv7()}, 'drilled', 'Drilled', '', 'Content', 'blog', 'none', '["none"]', '[]', '{}', '{}', '{}', 1)`;
      await tx`
        insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, schema_version)
        select o.id, gen_random_uuid(), c.id, 'Blog ' || n, 'blog-' || n, '{}', '{"method":"none"}', 1
        from organizations o, connector_catalog c, generate_series(1, 40) n`;
      await tx`insert into connections (tenant_id, id, connector_id, status) select tenant_id, gen_random_uuid(), id, 'inactive' from connectors`;
      await tx`
        insert into executions (tenant_id, id, tool, connector_id, status, actor_type, actor_name, request_id)
        select c.tenant_id, gen_random_uuid(), 'drilled.run', c.id, 'succeeded', 'system', 'Drill', 'drill'
        from connectors c, generate_series(1, 5)`;
      await tx`
        insert into audit_events (tenant_id, id, action, actor_type, actor_name, subject_type, subject_id, subject_name, details, request_id)
        select c.tenant_id, gen_random_uuid(), 'drill.filled', 'system', 'Drill', 'connector', c.id, c.name, '{}', 'drill'
        from connectors c, generate_series(1, 10)`;
    }),
  );
}

export type Contents = Record<string, string>;

/** For each filled table, what its rows say in these columns. */
export const contentsOf = (owner: Connection, columns: Map<string, string[]>): Promise<Contents> =>
  withConnection(owner, async (sql) => {
    const said: Contents = {};
    for (const [table, names] of columns) {
      const [row] = await sql.unsafe(`
        select count(*)::int || ' rows, ' || md5(string_agg(line, '' order by line)) as said
        from (select md5(row(${names.map((name) => `"${name}"`).join(', ')})::text) as line from ${table}) t`);
      said[table] = row?.said;
    }
    return said;
  });

/** The columns of filled tables that these two databases both have. */
export async function columnsOfBoth(one: Connection, other: Connection): Promise<Map<string, string[]>> {
  const both = new Map<string, string[]>();
  for (const table of filled) {
    const there = new Set(await columnsIn(other, table));
    const names = await columnsIn(one, table);
    both.set(
      table,
      names.filter((name) => there.has(name)),
    );
  }
  return both;
}

const columnsIn = (owner: Connection, table: string) =>
  withConnection(owner, async (sql) => {
    const rows = await sql`
      select attname as name from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attname`;
    return rows.map(({ name }) => name as string);
  });
