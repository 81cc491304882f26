import { object, tls } from '../driver.ts';

const libpq = 'https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS';

const server = {
  host: {
    type: 'string',
    title: 'Host',
    description: 'Name or IP address, without a scheme or port.',
    minLength: 1,
    maxLength: 253,
    pattern: '^([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+)$',
    'x-pattern-hint': 'be a host name or an IP address, such as db.example.com',
    'x-placeholder': 'db.example.com',
  },
  port: { type: 'integer', title: 'Port', minimum: 1, maximum: 65_535, default: 5432 },
  database: {
    type: 'string',
    title: 'Database',
    minLength: 1,
    maxLength: 63,
    pattern: '^[^\\u0000-\\u001f]+$',
    'x-pattern-hint': 'have no control characters',
    'x-placeholder': 'analytics',
  },
  sslmode: {
    type: 'string',
    title: 'Encryption',
    description: 'Only verify-full makes sure that the server is the one you mean.',
    enum: ['verify-full', 'verify-ca', 'require', 'prefer', 'disable'],
    'x-enum-titles': [
      'verify-full: encrypted, certificate and name checked',
      'verify-ca: encrypted, certificate checked',
      'require: encrypted, not checked',
      'prefer: encrypted if the server can',
      'disable: not encrypted',
    ],
    default: 'verify-full',
    'x-help-url': libpq,
  },
};

const limits = {
  read_only: {
    type: 'boolean',
    title: 'Read only',
    description: 'Refuses changes. Also give the user no more rights than it needs: this switch alone is no sandbox.',
    default: true,
  },
  row_cap: {
    type: 'integer',
    title: 'Most rows in an answer',
    minimum: 1,
    maximum: 100_000,
    default: 1000,
    'x-group': 'Limits',
  },
  statement_timeout_s: {
    type: 'integer',
    title: 'Statement timeout',
    description: 'Seconds until the server cancels a statement.',
    minimum: 1,
    maximum: 3600,
    default: 30,
    'x-group': 'Limits',
  },
  pool_size: {
    type: 'integer',
    title: 'Pool size',
    description: 'Connections that are kept open.',
    minimum: 1,
    maximum: 50,
    default: 5,
    'x-group': 'Limits',
  },
  max_overflow: {
    type: 'integer',
    title: 'Pool overflow',
    description: 'Connections that may be opened beyond the pool under load.',
    minimum: 0,
    maximum: 100,
    default: 10,
    'x-group': 'Limits',
  },
};

export const configSchema = object({ ...server, ...limits, tls }, ['host', 'database']);
