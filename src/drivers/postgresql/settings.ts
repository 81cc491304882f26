import type { TlsSettings } from '../../lib/outbound/outbound.ts';
import type { ExecutionContext } from '../driver.ts';

export type SslMode = 'verify-full' | 'verify-ca' | 'require' | 'prefer' | 'disable';

/** A connector's settings with their defaults. */
export interface Settings {
  /** `postgres://host:port`, the destination without its marks. */
  destination: string;
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  sslMode: SslMode;
  tls: TlsSettings | undefined;
  readOnly: boolean;
  rowCap: number;
  statementTimeoutMs: number;
  poolSize: number;
  maxOverflow: number;
}

export function settingsOf({ config, auth, tls }: Pick<ExecutionContext, 'config' | 'auth' | 'tls'>): Settings {
  const host = text(config.host).trim().toLowerCase();
  const port = number(config.port, 5432);
  return {
    destination: `postgres://${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    database: text(config.database),
    user: text(auth.username),
    password: text(auth.password),
    sslMode: (config.sslmode ?? 'verify-full') as SslMode,
    tls,
    readOnly: config.read_only !== false,
    rowCap: number(config.row_cap, 1000),
    statementTimeoutMs: number(config.statement_timeout_s, 30) * 1000,
    poolSize: number(config.pool_size, 5),
    maxOverflow: number(config.max_overflow, 10),
  };
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);
