import type { Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, withConnection } from '../../src/db/connection.ts';
import { type TestDatabase, testDatabase } from '../support/db.ts';

/** Tables outside the tenant fence, each with the reason. A table that is neither here nor fenced fails the test. */
const outsideTheFence: Record<string, string> = {
  connector_catalog: 'global: the kinds of services; tenants may only read it',
  hub_secrets: 'belongs to the hub itself; tenant transactions have no right to it',
  rate_limits: 'callers are limited before their tenant is known',
  organizations: 'the tenants themselves: read at sign-in to find out who may enter which',
  members: 'read at sign-in, before a tenant is chosen',
  users: 'one person may belong to several tenants',
  accounts: 'read at sign-in, before a tenant is chosen',
  sessions: 'a session is what tells the tenant',
  account_events: 'belongs to a person, who may be in several tenants and in none, and is shown to that person alone',
  second_factors: 'asked for at sign-in, before a tenant is chosen',
  verifications: 'read before anybody is signed in',
  invitations: 'read by people who are in no tenant yet',
  mcp_clients: 'apps register before anybody is signed in',
  operators: 'operators run the hub and look after every tenant',
  provisioned_entries: 'what operators decided about the catalog, for every tenant; tenants may only read it',
  audit_heads:
    'belongs to the hub itself, and outlives the tenants that it names; tenant transactions have no right to it',
  audit_register: 'belongs to the hub itself; tenant transactions have no right to it',
  operator_seals: 'seals over what operators did',
  operator_events: 'what operators did, which outlives the tenants that they deleted',
};

interface Table {
  name: string;
  fenced: boolean;
}

describe('the shape of the schema', () => {
  let database: TestDatabase;
  let sql: Sql;
  let tables: Table[];
  beforeAll(async () => {
    database = await testDatabase();
    sql = connect(database.admin, { max: 1 });
    tables = await sql<Table[]>`
      select c.relname as name, exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as fenced
      from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 1`;
  });
  afterAll(async () => {
    await sql.end({ timeout: 1 });
    await database.drop();
  });

  it('has a reason for every table outside the fence, and no reason left over', () => {
    const outside = tables.filter((table) => !table.fenced).map((table) => table.name);
    expect(outside).toEqual(Object.keys(outsideTheFence).sort());
    expect(tables.length).toBeGreaterThan(outside.length);
  });

  it('gives every tenant table the primary key (tenant_id, id)', async () => {
    const keys = await sql`
      select c.relname as name, pg_get_constraintdef(k.oid) as key
      from pg_class c left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
      where ${fenced(sql)}`;
    expect(keys.filter(({ key }) => key !== 'PRIMARY KEY (tenant_id, id)')).toEqual([]);
    expect(keys.length).toBe(tables.filter((table) => table.fenced).length);
  });

  it('starts every unique constraint and index of a tenant table with tenant_id', async () => {
    const indexes = await sql`
      select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid, 1, true) as first
      from pg_index i join pg_class c on c.oid = i.indrelid where ${fenced(sql)} and i.indisunique`;
    expect(indexes.filter(({ first }) => first !== 'tenant_id')).toEqual([]);
    expect(indexes.length).toBeGreaterThan(4);
  });

  it('starts every foreign key between tenant tables with tenant_id on both sides', async () => {
    const wrong = await sql`
      select k.conname from pg_constraint k
      join pg_attribute own on own.attrelid = k.conrelid and own.attnum = k.conkey[1]
      join pg_attribute other on other.attrelid = k.confrelid and other.attnum = k.confkey[1]
      where k.contype = 'f' and (own.attname <> 'tenant_id' or other.attname <> 'tenant_id')
        and exists (select from pg_class c where c.oid = k.conrelid and ${fenced(sql)})
        and exists (select from pg_class c where c.oid = k.confrelid and ${fenced(sql)})`;
    expect(wrong).toEqual([]);
  });

  it('has no key from a global table into a tenant table', async () => {
    const wrong = await sql`
      select k.conname from pg_constraint k where k.contype = 'f'
        and not exists (select from pg_class c where c.oid = k.conrelid and ${fenced(sql)})
        and exists (select from pg_class c where c.oid = k.confrelid and ${fenced(sql)})`;
    expect(wrong).toEqual([]);
  });

  it('forces row-level security on every tenant table, with a policy for the app and one for the owner', async () => {
    const policies = await sql`
      select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
        (select string_agg(p.polname || ' to ' || (select string_agg(r::regrole::text, ',') from unnest(p.polroles) r), '; ' order by p.polname)
         from pg_policy p where p.polrelid = c.oid) as policies,
        (select pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid)
         from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_fence' and p.polcmd = '*') as "bothWays"
      from pg_class c where ${fenced(sql)}`;
    const expected = {
      forced: true,
      policies: 'owner to patchbay_owner; tenant_fence to patchbay_app',
      bothWays: true,
    };
    expect(policies.filter((row) => JSON.stringify({ ...row, name: undefined }) !== JSON.stringify(expected))).toEqual(
      [],
    );
  });

  it('has no triggers on tenant tables, and no array columns, which the driver would not read', async () => {
    expect(await sql`select tgname from pg_trigger where not tgisinternal`).toEqual([]);
    const arrays = await sql`
      select attrelid::regclass, attname from pg_attribute a join pg_type t on t.oid = a.atttypid
      join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and t.typcategory = 'A'`;
    expect(arrays).toEqual([]);
  });

  it('pins the search path of every function that runs as the owner, and keeps others from calling it', async () => {
    const functions = await sql`
      select proname as name, proconfig::text as settings, has_function_privilege('public', oid, 'execute') as open,
        has_function_privilege('patchbay_app', oid, 'execute') as app,
        has_function_privilege('patchbay_system', oid, 'execute') as system, pg_get_function_result(oid) as result
      from pg_proc where prosecdef and pronamespace = 'public'::regnamespace order by 1`;
    const due = { app: true, result: 'TABLE(tenant_id uuid, id uuid)' };
    const expected: Record<string, object> = {
      // From the request that a callback names to its tenant, and from the hash of a link that somebody has shown.
      authorization_tenant: { app: true, result: 'uuid' },
      connect_link_request: due,
      // From the connector that a broker's report names to its tenant.
      connector_tenant: { app: false, result: 'uuid' },
      due_approvals: { ...due, app: false },
      // Of all tenants: up to which event each is to be sealed.
      due_audit_seals: { app: false, result: 'TABLE(tenant_id uuid, last_position bigint)' },
      // Of all tenants: whose seals are to be computed again.
      due_audit_verifications: { app: false, result: 'TABLE(tenant_id uuid)' },
      due_authorization_expiries: due,
      due_authorization_polls: { ...due, app: false },
      due_budget_reservations: { ...due, app: false },
      due_connection_recoveries: { ...due, app: false },
      due_connector_purges: due,
      due_credential_endings: due,
      due_health_checks: due,
      due_idempotency_purges: due,
      due_post_targets: { ...due, app: false },
      due_refreshes: due,
      due_repository_syncs: { ...due, app: false },
      due_stuck_executions: { ...due, app: false },
      due_toolkit_refreshes: { ...due, app: false },
      due_usage_rollups: { app: false, result: 'TABLE(tenant_id uuid)' },
      due_webhook_deliveries: due,
      // Only outside of tenants, and only by the hash of a key that somebody has shown.
      find_api_key: { app: false, result: expect.not.stringMatching(/email|prefix/) },
      // The same by the hash of an app’s token.
      find_mcp_access: { app: false, result: expect.not.stringMatching(/email|prefix/) },
      // Histories lose what is old, seven days at least, and never by a request.
      forget_executions: { app: false, result: 'integer' },
      forget_health_checks: { app: false, result: 'integer' },
      // Ninety days at least, and only what is rolled up.
      forget_llm_usage: { app: false, result: 'integer' },
      // Only what ended a day ago.
      forget_mcp_tokens: { app: false, result: 'integer' },
      forget_webhook_deliveries: { app: false, result: 'integer' },
      // Of any tenant: what the operator's variables do not describe any more.
      managed_connectors: { ...due, app: false },
      // From the hash of a code or token that somebody has shown to its tenant.
      mcp_token_tenant: { app: false, result: 'uuid' },
      // Where the register of seals begins.
      newest_audit_seals: { app: false, result: 'TABLE(tenant_id uuid, number integer, mac text)' },
      // Only for tenants under deletion.
      shred_tenant_rows: { app: false, result: 'integer' },
    };
    expect(functions.map(({ name }) => name)).toEqual(Object.keys(expected));
    for (const found of functions)
      expect(found).toMatchObject({
        settings: '{"search_path=pg_catalog, pg_temp"}',
        open: false,
        system: true,
        ...expected[found.name],
      });
  });

  it('keeps the rate limits out of the write-ahead log', async () => {
    await withConnection(database.admin, async (own) => {
      expect(await own`select relname from pg_class where relpersistence = 'u' and relkind = 'r'`).toEqual([
        { relname: 'rate_limits' },
      ]);
    });
  });
});

/** A condition on `pg_class c`: tables of ours that have a tenant_id. */
const fenced = (sql: Sql) => sql`
  c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and exists (
    select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)`;
