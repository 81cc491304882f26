import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type EnvironmentConnectors, readEnvironmentConnectors } from './config/environment-connectors.ts';
import { readOutbound } from './config/outbound.ts';
import { readSingleSignOn, type SingleSignOnConfig } from './config/single-sign-on.ts';
import { addressList } from './lib/client-address.ts';
import type { OutboundPolicy } from './lib/outbound/outbound.ts';

/** Everything the environment may set; see the configuration table in README.md. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Public address without a trailing slash; may carry a path prefix. */
  readonly baseUrl: string;
  /** The path prefix of `baseUrl`, '' or '/prefix'. */
  readonly basePath: string;
  /** Whether browsers reach the hub over https; decides cookie names and Secure. */
  readonly secure: boolean;
  readonly dataDir: string;
  /** Descriptions of services that the operator adds to the catalog; null for none. */
  readonly catalogDir: string | null;
  /** A real server instead of the embedded one. */
  readonly databaseUrl: string | null;
  /** The owner's login on that server; `databaseUrl` when not set. */
  readonly databaseAdminUrl: string | null;
  /** `id:base64(32 bytes),…`, newest first; null means: use the file in `dataDir`. */
  readonly masterKeys: string | null;
  readonly admin: { email: string; password: string; tenant: string } | null;
  /** The mail server and sender; null for a hub that sends no mail. */
  readonly mail: { url: string; from: string } | null;
  /** Where people sign in instead of here; null for passwords alone. */
  readonly singleSignOn: SingleSignOnConfig | null;
  readonly metricsToken: string | null;
  readonly logLevel: LogLevel;
  /** Proxies in front of the hub, as addresses or CIDR ranges; only their X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Which private hosts may be called, and what stands in for other origins. */
  readonly outbound: OutboundPolicy;
  /** Connectors that the operator sets by variables. */
  readonly environmentConnectors: EnvironmentConnectors;
  /** The file of connectors that operators apply, to tell what in it waits for that; null for none. */
  readonly connectorsFile: string | null;
  /** What the doctor tries to reach; null for nothing. */
  readonly egressUrl: string | null;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];
type Env = Record<string, string | undefined>;

/** A variable that does not make sense; stops the start with one line per problem. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the configuration once; nothing else in the project reads the environment.
 * `X_FILE` names a file that holds the value of X, for secrets.
 * @throws ConfigError that names the variable and what it takes
 */
export function readConfig(env: Env = process.env): Config {
  const problems: string[] = [];
  const read = (name: string) => readVariable(env, name, problems);

  const port = readPort(read('PORT') ?? '3000', problems);
  const host = read('HOST') ?? '127.0.0.1';
  const baseUrl = readBaseUrl(
    read('BASE_URL') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    problems,
  );
  const databaseUrl = readDatabaseUrl('DATABASE_URL', read, problems);
  const databaseAdminUrl = readDatabaseUrl('DATABASE_ADMIN_URL', read, problems);
  const masterKeys = read('MASTER_KEYS') ?? null;
  const catalogDir = read('CATALOG_DIR');
  const logLevel = (read('LOG_LEVEL') ?? 'info') as LogLevel;

  if (databaseAdminUrl && !databaseUrl) problems.push('DATABASE_ADMIN_URL needs DATABASE_URL as well.');
  if (databaseUrl && !masterKeys)
    problems.push(
      'MASTER_KEYS is required with DATABASE_URL, because a new key is never made over existing data. Set it to id:base64(32 random bytes), for example: MASTER_KEYS="k1:$(openssl rand -base64 32)".',
    );
  if (!logLevels.includes(logLevel))
    problems.push(`LOG_LEVEL must be one of ${logLevels.join(', ')}; it is "${logLevel}".`);

  const admin = readAdmin(read, problems);
  const mail = readMail(read, problems);
  const singleSignOn = readSingleSignOn(read, problems);
  const metricsToken = read('METRICS_TOKEN') ?? null;
  const trustedProxies = readProxies(read('TRUSTED_PROXIES') ?? '', problems);
  const outbound = readOutbound(read, { baseUrl, port }, problems);
  const egressUrl = readEgressUrl(read('DOCTOR_EGRESS_URL'), problems);
  const connectorsFile = read('CONNECTORS_FILE');
  const environmentConnectors = readEnvironmentConnectors(read, problems);
  if (problems.length) throw new ConfigError(problems.join('\n'));

  return Object.freeze({
    host,
    port,
    baseUrl: baseUrl.href.replace(/\/$/, ''),
    basePath: baseUrl.pathname.replace(/\/$/, ''),
    secure: baseUrl.protocol === 'https:',
    dataDir: path.resolve(read('DATA_DIR') ?? '.data'),
    catalogDir: catalogDir ? path.resolve(catalogDir) : null,
    databaseUrl,
    databaseAdminUrl,
    masterKeys,
    admin,
    mail,
    singleSignOn,
    metricsToken,
    logLevel,
    trustedProxies,
    outbound,
    environmentConnectors,
    connectorsFile: connectorsFile ? path.resolve(connectorsFile) : null,
    egressUrl,
  });
}

/**
 * The password that `make tenant` was given: an argument of a command would show in the list of processes.
 * `PASSWORD_FILE` names a file that holds it instead.
 * @throws ConfigError when the file cannot be read
 */
export function readTenantPassword(env: Env = process.env): string | null {
  const problems: string[] = [];
  const password = readVariable(env, 'PASSWORD', problems);
  if (problems.length) throw new ConfigError(problems.join('\n'));
  return password ?? null;
}

/** A variable that a file of connectors names; undefined when it is not set or empty. */
export const readReferenced = (name: string, env: Env = process.env): string | undefined => env[name] || undefined;

/** Whether the variable opens the hub itself: no service may ever be sent it. */
export const isHubSecret = (name: string): boolean =>
  /^(MASTER_KEYS|DATABASE_URL|DATABASE_ADMIN_URL|ADMIN_PASSWORD|PASSWORD|METRICS_TOKEN|SMTP_URL|BACKUP_PASSPHRASE|OIDC_CLIENT_SECRET|PG\w+)(_FILE)?$/i.test(
    name,
  );

/**
 * What `make backup` and `make restore` encrypt with; `BACKUP_PASSPHRASE_FILE` names a file that holds it instead.
 * @throws ConfigError when there is none, or one that is too short to resist guessing
 */
export function readBackupPassphrase(env: Env = process.env): string {
  const problems: string[] = [];
  const passphrase = readVariable(env, 'BACKUP_PASSPHRASE', problems) ?? '';
  if (!problems.length && passphrase.length < 12)
    problems.push(
      `${passphrase ? 'BACKUP_PASSPHRASE must have' : 'Set BACKUP_PASSPHRASE, or BACKUP_PASSPHRASE_FILE, to'} at least 12 characters. Keep it apart from the backup.`,
    );
  if (problems.length) throw new ConfigError(problems.join('\n'));
  return passphrase;
}

type Read = (name: string) => string | undefined;

function readVariable(env: Env, name: string, problems: string[]): string | undefined {
  const file = env[`${name}_FILE`];
  if (!file) return env[name] || undefined;
  if (env[name]) problems.push(`Set ${name} or ${name}_FILE, not both.`);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    problems.push(`${name}_FILE names ${file}, which cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
    return undefined;
  }
}

function readPort(text: string, problems: string[]): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  problems.push(`PORT must be a number from 0 to 65535; it is "${text}".`);
  return 0;
}

function readBaseUrl(text: string, problems: string[]): URL {
  const url = URL.parse(text);
  if (url && ['http:', 'https:'].includes(url.protocol) && !url.search && !url.hash && !url.username) return url;
  problems.push(
    `BASE_URL must be the full address that browsers use, such as https://hub.example.com; it is "${text}".`,
  );
  return new URL('http://127.0.0.1');
}

function readDatabaseUrl(name: string, read: Read, problems: string[]): string | null {
  const text = read(name);
  if (!text) return null;
  if (!['postgres:', 'postgresql:'].includes(URL.parse(text)?.protocol ?? ''))
    problems.push(`${name} must look like postgres://user:password@host:5432/database.`); // never print it: it holds a password
  return text;
}

function readProxies(text: string, problems: string[]): readonly string[] {
  const proxies = text.split(',').flatMap((part) => part.trim() || []);
  try {
    addressList(proxies);
  } catch (error) {
    problems.push(`TRUSTED_PROXIES takes addresses and ranges, separated by commas: ${(error as Error).message}.`);
  }
  return Object.freeze(proxies);
}

function readEgressUrl(text: string | undefined, problems: string[]): string | null {
  const url = URL.parse(text ?? '');
  if (text && !(url && ['http:', 'https:'].includes(url.protocol) && !url.username))
    problems.push(`DOCTOR_EGRESS_URL must be an address without a password, such as https://example.com/.`);
  return text ?? null;
}

function readMail(read: Read, problems: string[]): Config['mail'] {
  const url = read('SMTP_URL');
  const from = read('SMTP_FROM');
  if (!url && !from) return null;
  if (!url || !from) problems.push('SMTP_URL and SMTP_FROM go together; one of them is missing.');
  if (url && !['smtp:', 'smtps:'].includes(URL.parse(url)?.protocol ?? ''))
    problems.push('SMTP_URL must look like smtp://user:password@host:587 or smtps://…'); // never print it: it holds a password
  if (from && !/^[^@\r\n]*[^@\s<]@[^@\s>]+>?$/.test(from))
    problems.push(`SMTP_FROM must be an e-mail address, such as Patchbay <hub@example.com>; it is "${from}".`);
  return { url: url ?? '', from: from ?? '' };
}

function readAdmin(read: Read, problems: string[]): Config['admin'] {
  const email = read('ADMIN_EMAIL');
  const password = read('ADMIN_PASSWORD');
  const tenant = read('ADMIN_TENANT');
  if (!email && !password) return null;
  if (!email || !password) problems.push('ADMIN_EMAIL and ADMIN_PASSWORD go together; one of them is missing.');
  if (email && !/^[^@\s]+@[^@\s]+$/.test(email))
    problems.push(`ADMIN_EMAIL must be an e-mail address; it is "${email}".`);
  if (password && password.length < 12) problems.push('ADMIN_PASSWORD must have at least 12 characters.');
  return { email: email ?? '', password: password ?? '', tenant: tenant ?? 'Main' };
}
