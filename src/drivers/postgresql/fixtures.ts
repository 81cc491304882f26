import { type Fixtures, fakeTls, required } from '../fixtures.ts';

const server = { host: 'db.example.com', database: 'analytics' };
const basic = { method: 'basic', username: 'patchbay_reader', password: 'not-a-real-password' };

const full = {
  ...server,
  port: 6432,
  sslmode: 'verify-full',
  read_only: true,
  row_cap: 1000,
  statement_timeout_s: 30,
  pool_size: 5,
  max_overflow: 10,
  tls: fakeTls,
};

export const fixtures: Fixtures = {
  minimal: { config: server, auth: basic },
  maximal: [
    { config: full, auth: basic },
    { config: { ...full, host: '2001:db8::7' }, auth: { method: 'none', username: 'patchbay_reader' } },
  ],
  invalid: [
    {
      config: {},
      auth: { method: 'basic', username: 'patchbay_reader' },
      errors: { 'config.host': [required], 'config.database': [required], 'auth.password': [required] },
    },
    {
      config: { ...server, host: 'postgres://db.example.com:5432', port: 70_000 },
      auth: basic,
      errors: {
        'config.host': ['Must be a host name or an IP address, such as db.example.com.'],
        'config.port': ['Enter a number from 1 to 65535.'],
      },
    },
    {
      config: { ...server, sslmode: 'allow', pool_size: '5', row_cap: 0 },
      auth: basic,
      errors: {
        'config.sslmode': ['Choose one of: “verify-full”, “verify-ca”, “require”, “prefer”, “disable”.'],
        'config.pool_size': ['Enter a whole number.'],
        'config.row_cap': ['Enter a number from 1 to 100000.'],
      },
    },
    {
      config: { ...server, tls: { cert: fakeTls.cert } },
      auth: { method: 'none', username: 'patchbay_reader', password: 'not-a-real-password' },
      errors: {
        'config.tls.key': ['This field is required when “cert” is set.'],
        'auth.password': ['Unknown field “password”.'],
      },
    },
  ],
};
