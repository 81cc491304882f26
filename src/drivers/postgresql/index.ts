import { authorisedByPerson, defineDriver, tlsDocs, type Values } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, whoami } from './health.ts';
import { release } from './pools.ts';
import { browse, tools } from './tools/index.ts';

const manual = 'https://www.postgresql.org/docs/current';
const connection = `${manual}/libpq-connect.html`;
const pool = 'https://github.com/porsager/postgres#connection-details';

/** `host:port`, with brackets around an IPv6 address; empty without a usable host. */
function endpoint(config: Values): string {
  const host = typeof config.host === 'string' ? config.host.trim().toLowerCase() : '';
  const port = config.port ?? 5432;
  if (!host || /[\s/?#@\\]/.test(host) || !Number.isInteger(port)) return '';
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const modes = ['verify-full', 'verify-ca', 'require', 'prefer', 'disable'];

/** The server, and every weaker way to reach it down to the chosen one: asking for less protection is a move, asking for more is none. */
function destinations(config: Values): string[] {
  const at = endpoint(config);
  if (!at) return [];
  const weaker = modes.slice(1, modes.indexOf(String(config.sslmode ?? 'verify-full')) + 1);
  return [`postgres://${at}`, ...weaker.map((mode) => `postgres://${at}?sslmode=${mode}`)];
}

export const driver = defineDriver({
  entry: {
    key: 'postgresql',
    name: 'PostgreSQL',
    description: 'Queries and changes tables of a PostgreSQL database over a pool, within limits that you set.',
    category: 'Data',
    aliases: ['Postgres', 'psql', 'SQL', 'database', 'pg'],
    authType: 'basic',
    authMethods: ['basic', 'none'],
    capabilities: { tools: 8, sql: { read: true, write: true } },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  environment: {
    by: ['POSTGRES_HOST'],
    fields: {
      POSTGRES_HOST: 'config.host',
      POSTGRES_PORT: 'config.port',
      POSTGRES_DATABASE: 'config.database',
      POSTGRES_SSLMODE: 'config.sslmode',
      POSTGRES_USER: 'auth.username',
      POSTGRES_PASSWORD: 'auth.password',
    },
  },
  fieldDocs: {
    'config.host': `${connection}#LIBPQ-CONNECT-HOST`,
    'config.port': `${connection}#LIBPQ-CONNECT-PORT`,
    'config.database': `${connection}#LIBPQ-CONNECT-DBNAME`,
    'config.sslmode': `${connection}#LIBPQ-CONNECT-SSLMODE`,
    'config.read_only': `${manual}/runtime-config-client.html#GUC-DEFAULT-TRANSACTION-READ-ONLY`,
    'config.row_cap': `${manual}/sql-fetch.html`,
    'config.statement_timeout_s': `${manual}/runtime-config-client.html#GUC-STATEMENT-TIMEOUT`,
    'config.pool_size': pool,
    'config.max_overflow': pool,
    ...tlsDocs,
    'config.tls.ca': `${connection}#LIBPQ-CONNECT-SSLROOTCERT`,
    'config.tls.cert': `${connection}#LIBPQ-CONNECT-SSLCERT`,
    'config.tls.key': `${connection}#LIBPQ-CONNECT-SSLKEY`,
    'auth.username': `${connection}#LIBPQ-CONNECT-USER`,
    'auth.password': `${connection}#LIBPQ-CONNECT-PASSWORD`,
  },
  destinations,
  summary: (config) => [endpoint(config), config.database].filter(Boolean).join('/'),
  needsConnection: authorisedByPerson,
  checkHealth,
  whoami,
  tools,
  browse,
  release,
});
