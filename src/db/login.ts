import type { Sql } from 'postgres';
import { type Connection, withConnection } from './connection.ts';
import { StartError } from './start-error.ts';

export type RoleMode = 'separate logins' | 'set local role';

interface Login {
  name: string;
  superuser: boolean;
  bypassesFence: boolean;
  ownsTables: boolean;
  mayBecomeApp: boolean;
  mayBecomeSystem: boolean;
  mayActOutside: boolean;
}

const readLogin = (hub: Connection): Promise<Login> =>
  withConnection(hub, async (sql) => {
    const [row] = await sql<Login[]>`
      select rolname as name, rolsuper as superuser, rolbypassrls as "bypassesFence",
        pg_has_role(rolname, (select relowner from pg_class where oid = 'public.connectors'::regclass), 'USAGE') as "ownsTables",
        pg_has_role(rolname, 'patchbay_app', 'SET') as "mayBecomeApp",
        pg_has_role(rolname, 'patchbay_system', 'SET') as "mayBecomeSystem",
        pg_has_role(rolname, 'patchbay_system', 'USAGE') as "mayActOutside"
      from pg_roles where rolname = current_user`;
    return row as Login;
  });

/**
 * Gives the hub's login what it needs and checks that it has no more than that.
 * @throws StartError when a login of its own could pass the tenant fence, or lacks rights that the owner cannot give
 */
export async function prepareLogin(
  owner: Connection,
  hub: Connection,
): Promise<{ mode: RoleMode; warning: string | null }> {
  const login = await readLogin(hub);
  const mode: RoleMode = login.ownsTables ? 'set local role' : 'separate logins';
  if (owner !== hub) assertFenced(login);
  await grantMissing(owner, login);
  return { mode, warning: mode === 'set local role' ? dropsToRole(login) : null };
}

function assertFenced({ name, superuser, bypassesFence, ownsTables }: Login) {
  const reason = superuser ? 'is a superuser' : bypassesFence ? 'has BYPASSRLS' : ownsTables ? 'owns the tables' : null;
  if (!reason) return;
  throw new StartError(
    `The login ${name} of DATABASE_URL ${reason}, so the database could not keep tenants apart. Use a plain login there (CREATE ROLE patchbay_hub LOGIN PASSWORD '…'), and keep the owner in DATABASE_ADMIN_URL.`,
  );
}

async function grantMissing(owner: Connection, login: Login) {
  if (login.superuser) return;
  if (login.mayBecomeApp && (login.ownsTables ? login.mayBecomeSystem : login.mayActOutside)) return;
  await withConnection(owner, async (sql) => {
    const name = await quoteName(sql, login.name);
    // The owner must be able to become patchbay_app and, for jobs, patchbay_system; but by itself it stays what it is.
    const grant = login.ownsTables
      ? `grant patchbay_app, patchbay_system to ${name} with inherit false, set true`
      : `grant patchbay_system to ${name} with inherit true, set true`;
    await sql.unsafe(grant).catch((cause) => {
      throw new StartError(`The login ${login.name} lacks rights. Let a superuser run: ${grant};`, { cause });
    });
  });
}

async function quoteName(sql: Sql, name: string): Promise<string> {
  const [row] = await sql`select quote_ident(${name}) as quoted`;
  return row?.quoted as string;
}

const dropsToRole = ({ name, superuser, bypassesFence }: Login) =>
  `The login ${name} ${superuser ? 'is a superuser' : bypassesFence ? 'has BYPASSRLS' : 'owns the tables'}: each tenant transaction drops to the role patchbay_app. For a stronger fence set DATABASE_ADMIN_URL to this login and DATABASE_URL to a plain one.`;
