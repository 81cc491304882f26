import { type Connection, withConnection } from '../../db/connection.ts';
import { migrationState } from '../../db/migrate.ts';
import { readServer, unfencedTables } from '../../db/queries/inspection.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';

/** The newest minor release of each major one that this version of Patchbay knows; older ones lack security fixes. */
const newestMinor: Record<number, number> = { 16: 17, 17: 13, 18: 7 };

export async function checkVersion({ owner, config }: Patient): Promise<Finding[]> {
  const { version } = await withConnection(owner, readServer);
  const [major, minor] = [Math.floor(version / 10_000), version % 10_000];
  const name = `PostgreSQL ${major}.${minor}`;
  const newest = newestMinor[major];
  if (newest === undefined)
    return [
      warn(
        'database version',
        `${name} is not one of 16, 17 and 18, which Patchbay was made for.`,
        'Use one of these.',
      ),
    ];
  if (minor >= newest) return [ok('database version', `${name}.`)];
  const next = config.databaseUrl
    ? `Update the server to ${major}.${newest} or newer.`
    : 'The embedded build lags behind. In production use a PostgreSQL of your own (DATABASE_URL).';
  return [warn('database version', `${name} is older than ${major}.${newest} and lacks its security fixes.`, next)];
}

export async function checkRoles({ owner, hub }: Patient): Promise<Finding[]> {
  const login = await withConnection(hub, readServer);
  const power = login.superuser ? 'is a superuser' : login.bypassesFence ? 'has BYPASSRLS' : null;
  const next = 'Make a plain login for DATABASE_URL and keep the owner in DATABASE_ADMIN_URL.';
  if (power)
    return [
      warn(
        'database roles',
        `The hub’s login ${login.login} ${power}: only the role that each transaction takes keeps workspaces apart.`,
        next,
      ),
    ];
  if (owner === hub)
    return [
      warn(
        'database roles',
        `One login, ${login.login}, owns the tables and serves: only the role that each transaction takes keeps workspaces apart.`,
        next,
      ),
    ];
  return [ok('database roles', `The hub works as ${login.login}, which owns nothing.`)];
}

export async function checkFence({ owner }: Patient): Promise<Finding[]> {
  const open = await withConnection(owner, unfencedTables);
  if (!open.length) return [ok('row-level security', 'Every table of workspaces is fenced.')];
  const next =
    'Switch it on again: ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, with the policy tenant_fence of migrations/.';
  return [fail('row-level security', `These tables are not fenced: ${open.join(', ')}.`, next)];
}

export async function checkMigrations({ owner }: Patient): Promise<Finding[]> {
  const { missing, newer } = await migrationState(owner);
  if (newer)
    return [
      fail(
        'migrations',
        `The database has ${newer} migrations of a newer Patchbay.`,
        'Start the newer version, or restore the backup from before the upgrade.',
      ),
    ];
  if (missing)
    return [warn('migrations', `${missing} migrations are missing.`, 'The next start of the hub applies them.')];
  return [ok('migrations', 'Up to date.')];
}

export async function checkClock({ hub }: Patient): Promise<Finding[]> {
  const seconds = await clockDifference(hub);
  const said = `The clocks of the database and of this machine differ by ${seconds.toFixed(1)} s.`;
  if (seconds < 2) return [ok('clock', said)];
  return [
    (seconds < 30 ? warn : fail)(
      'clock',
      said,
      'Let both follow the same time server (NTP): sessions and limits end by these clocks.',
    ),
  ];
}

/** In seconds, give or take half of one round trip. */
const clockDifference = (connection: Connection) =>
  withConnection(connection, async (sql) => {
    await sql`select 1`; // connects, which takes longer than the question
    const before = Date.now();
    const { now } = await readServer(sql);
    return Math.abs(now - (before + Date.now()) / 2) / 1000;
  });
