import type { Sql } from 'postgres';
import { type ServerAddress, withConnection, withDatabase } from '../connection.ts';

export const databaseName = 'patchbay';
/** Owns the database and makes its roles; migrations and seeds. */
export const ownerUser = 'patchbay_owner';
/** What the hub works as: owns nothing. */
export const hubUser = 'patchbay_hub';

/** Makes the two logins and the database unless they are there. */
export function ensureLogins(setup: ServerAddress, passwords: { owner: string; hub: string }): Promise<void> {
  return withConnection(withDatabase(setup, 'postgres'), async (sql) => {
    await sql`select pg_advisory_lock(hashtextextended('patchbay:logins', 0))`;
    await ensureLogin(sql, ownerUser, passwords.owner, 'createrole');
    await ensureLogin(sql, hubUser, passwords.hub, 'nocreaterole');
    const [found] = await sql`select from pg_database where datname = ${databaseName}`;
    if (!found) await sql.unsafe(`create database ${databaseName} owner ${ownerUser}`);
  });
}

async function ensureLogin(sql: Sql, name: string, password: string, attribute: string) {
  const [found] = await sql`select from pg_roles where rolname = ${name}`;
  if (found) return;
  const [row] = await sql`select quote_literal(${password}) as password`; // role statements take no parameters
  await sql.unsafe(
    `create role ${name} login nosuperuser nocreatedb nobypassrls ${attribute} password ${row?.password}`,
  );
}

/** How many other programs use the server. */
export function countOtherClients(setup: ServerAddress): Promise<number> {
  return withConnection(withDatabase(setup, 'postgres'), async (sql) => {
    const [row] = await sql`
      select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
    return row?.n as number;
  });
}
