import type { Account, ExecutionContext, HealthReport } from '../driver.ts';
import { refusal } from './failures.ts';
import { openSession, type Text } from './session.ts';
import { type Settings, settingsOf } from './settings.ts';

const question = `
  select current_setting('server_version'), r.rolsuper,
    r.rolsuper or exists (select from pg_catalog.pg_roles e where e.rolname = 'pg_execute_server_program' and pg_catalog.pg_has_role(r.oid, e.oid, 'USAGE')),
    pg_catalog.pg_is_in_recovery(), current_user, current_database()
  from pg_catalog.pg_roles r where r.rolname = current_user`;

/** Signs in anew: a connection that is kept says nothing about the password. */
export async function checkHealth(context: ExecutionContext): Promise<HealthReport> {
  const settings = settingsOf(context);
  const [[version, superuser, program, standby, user] = []] = await ask(context, settings, question);
  const about = `PostgreSQL ${String(version).split(' ')[0]}, signed in as ${user}`;
  return {
    message: `${about}${settings.readOnly ? ', for reading only' : ''}.`,
    warnings: [
      ...(superuser === 't'
        ? [
            `${user} is a superuser, whom nothing holds back, not even “read only”. Use a role with the least rights that do.`,
          ]
        : program === 't'
          ? [`${user} may run programs on the server (pg_execute_server_program). Take that right away.`]
          : []),
      ...(standby === 't' && !settings.readOnly ? ['The server is a standby: it takes no changes.'] : []),
    ],
  };
}

const identity = 'select current_user, current_database()';
const cluster = 'select system_identifier from pg_catalog.pg_control_system()';

export async function whoami(context: ExecutionContext): Promise<Account> {
  const settings = settingsOf(context);
  const [[user, database] = []] = await ask(context, settings, identity);
  const [[id] = []] = await ask(context, settings, cluster).catch(() => []);
  return {
    externalId: `${id ?? `${settings.host}:${settings.port}`}/${database}/${user}`,
    label: `${user}@${settings.host}/${database}`,
  };
}

async function ask(context: ExecutionContext, settings: Settings, text: string): Promise<Text[][]> {
  const session = await openSession(context, settings);
  try {
    return (await session.run(text, [], context.signal)).rows;
  } catch (error) {
    throw refusal(error, settings, 'read');
  } finally {
    session.close();
  }
}
