import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { JSONValue, TransactionSql } from 'postgres';
import { v7 as uuidv7 } from 'uuid';
import { connect } from '../../src/db/connection.ts';

// What the hub's routes are measured against: one hand-written statement in the tenant's transaction, as the same role, and the
// same bytes as answer; no session, no limits, no validation, no sealing, no audit.

const { DATABASE_URL = '', PORT = '', TENANT: tenant = '', HUB_URL: hub = '' } = process.env;
const sql = connect(DATABASE_URL, { max: 10 });

const asTenant = <T>(mode: string, work: (tx: TransactionSql) => Promise<T>) =>
  sql.begin(mode, async (tx) => {
    await tx`select set_config('role', 'patchbay_app', true), set_config('app.tenant_id', ${tenant}, true)`;
    return work(tx);
  });

interface Install {
  catalog_key: string;
  name: string;
  config: JSONValue;
  auth: JSONValue;
  tags: JSONValue;
}

const app = new Hono();

app.get('/api/catalog', async (c) => {
  const rows = await asTenant(
    'read only',
    (tx) => tx`
      select id, key, name, description, category, icon, auth_type, auth_methods, aliases, capabilities,
        default_config_schema, auth_schema,
        (select count(*)::int from connectors
          where tenant_id = ${tenant} and catalog_id = entry.id and deleted_at is null) as installed_count
      from connector_catalog entry where retired_at is null order by name collate "C"`,
  );
  return c.json({ data: rows, next_cursor: null });
});

app.get('/api/installed', async (c) => {
  const rows = await asTenant(
    'read only',
    (tx) => tx`
      select c.id, c.tenant_id, e.key as catalog_key, c.name, c.handle, c.status, c.status_reason,
        json_build_object('site_url', c.config->'site_url', 'tls', json_build_object('key', json_build_object('is_set', false))) as config,
        jsonb_set(c.auth, '{password}', jsonb_build_object('is_set', true, 'updated_at', c.auth->'password'->'updated_at')) as auth,
        '[]'::jsonb as unreadable_secrets, c.tags, c.schema_version, c.version, c.managed_by, c.created_at, c.updated_at,
        c.created_by, c.updated_by, c.created_by_name, c.updated_by_name
      from connectors c join connector_catalog e on e.id = c.catalog_id
      where c.tenant_id = ${tenant} and c.deleted_at is null order by lower(c.name), c.id limit 100`,
  );
  return c.json({ data: rows, next_cursor: null });
});

app.post('/api/connectors', async (c) => {
  const { catalog_key: key, name, config, auth, tags }: Install = await c.req.json();
  const id = uuidv7();
  const [row] = await asTenant(
    '',
    (tx) => tx`
      insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, tags, schema_version)
      select ${tenant}, ${id}, id, ${name}, ${id.slice(-12)}, ${tx.json(config)}, ${tx.json(auth)}, ${tx.json(tags)}, 1
      from connector_catalog where key = ${key} returning *`,
  );
  return c.json(row, 201);
});

/** The least that may be saved of an install, and by one statement: a connector that is not in the audit trail, or has no connection, is none. */
app.post('/api/connectors/recorded', async (c) => {
  const { catalog_key: key, name, config, auth, tags }: Install = await c.req.json();
  const id = uuidv7();
  const [row] = await asTenant(
    '',
    (tx) => tx`
      with made as (
        insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, tags, schema_version)
        select ${tenant}, ${id}, id, ${name}, ${id.slice(-12)}, ${tx.json(config)}, ${tx.json(auth)}, ${tx.json(tags)}, 1
        from connector_catalog where key = ${key} returning *
      ), audited as (
        insert into audit_events
          (tenant_id, id, action, actor_type, actor_name, subject_type, subject_id, subject_name, details, request_id)
        select ${tenant}, ${uuidv7()}, 'connector.installed', 'user', 'Ada', 'connector', id, name, '{}', 'bare' from made
      ), connected as (
        insert into connections (tenant_id, id, connector_id) select ${tenant}, ${uuidv7()}, id from made
      )
      select * from made`,
  );
  return c.json(row, 201);
});

serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, () => console.log('"ready"', hub));
process.on('SIGTERM', () => process.exit(0));
