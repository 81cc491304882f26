import { chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { type Certificates, certificates } from '../support/certificates.ts';
import { type TargetDatabase, type TargetHarness, targetDatabase, targetHarness } from '../support/target-database.ts';

let made: Certificates;
let target: TargetDatabase;
let at: TargetHarness;

const pem = (name: string) => made.pem(name);

/** Has the server show this certificate from now on. */
async function serve(name: string) {
  const { uid, gid } = statSync(target.dir);
  for (const [from, to] of [
    [`${name}.crt`, 'server.crt'],
    [`${name}.key`, 'server.key'],
    ['ca.crt', 'root.crt'],
  ] as const) {
    const copy = path.join(target.dir, to);
    rmSync(copy, { force: true });
    writeFileSync(copy, pem(from), { mode: 0o600 });
    chmodSync(copy, 0o600);
    chownSync(copy, uid, gid);
  }
  const [before] = await target.sql('select pg_conf_load_time()::text as at');
  await target.sql('select pg_reload_conf()');
  await vi.waitFor(
    async () => expect(await target.sql('select pg_conf_load_time()::text as at')).not.toEqual([before]),
    10_000,
  );
  await at.driver.release?.();
}

beforeAll(async () => {
  made = certificates();
  made.authority('ca');
  made.authority('other');
  made.issue('good', { names: 'DNS:localhost,IP:127.0.0.1' });
  made.issue('elsewhere', { names: 'DNS:elsewhere.example' });
  made.issue('expired', { names: 'DNS:localhost,IP:127.0.0.1', days: '0' });
  made.issue('clerk');
  made.issue('impostor', { by: 'other', common: 'clerk' });
  made.selfSigned('self', 'DNS:localhost,IP:127.0.0.1');
  target = await targetDatabase();
  at = await targetHarness(target);
  await target.sql("alter system set ssl_ca_file = 'root.crt'");
  await target.sql('alter system set ssl = on');
  await serve('good');
}, 60_000);
afterAll(async () => {
  await at?.close();
  await target?.remove();
  made?.remove();
});

const encrypted = async (config: Values, auth: Values = target.auth) => {
  const sql = 'select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()';
  const { tls } = config as { tls?: Values };
  try {
    // As the hub does, what is only tried is never kept.
    const { rows } = await at.tool(
      'execute_query',
      { sql },
      { config: { ...target.config, ...config, ...(tls && { tls }) }, auth, connectorId: null },
    );
    return (rows as Values[])[0];
  } catch (error) {
    const { field, message } = error as { field?: string; message: string };
    return { field, message };
  }
};
const ca = () => ({ tls: { ca: pem('ca.crt') } });

describe('the TLS modes', () => {
  it.each<[string, string, Values | undefined, boolean]>([
    ['disable', '127.0.0.1', undefined, false],
    ['prefer', '127.0.0.1', undefined, true],
    ['require', '127.0.0.1', undefined, true],
    ['verify-ca', '127.0.0.1', {}, true],
    ['verify-full', '127.0.0.1', {}, true],
    ['verify-full', 'localhost', {}, true],
  ])('%s connects to %s', async (sslmode, host, tls, ssl) => {
    expect(await encrypted({ sslmode, host, ...(tls && ca()) })).toMatchObject({ ssl });
  });

  it.each<[string, Values, string]>([
    ['an authority that nobody entered', { sslmode: 'verify-full' }, 'config.tls.ca'],
    ['an authority that nobody entered, in verify-ca', { sslmode: 'verify-ca' }, 'config.tls.ca'],
  ])('refuse %s', async (_, config, field) => {
    expect(await encrypted(config)).toMatchObject({ field });
  });

  it('refuse another authority, another name, an expired and a self-signed certificate', async () => {
    expect(await encrypted({ sslmode: 'verify-full', tls: { ca: pem('other.crt') } })).toMatchObject({
      field: 'config.tls.ca',
    });
    expect(
      await encrypted({ sslmode: 'verify-full', tls: { ca: pem('ca.crt'), server_name: 'db.example.com' } }),
    ).toMatchObject({ field: 'config.tls.server_name' });
    await serve('elsewhere');
    expect(await encrypted({ sslmode: 'verify-full', ...ca() })).toMatchObject({
      field: 'config.tls.server_name',
      message: expect.stringContaining('another name'),
    });
    expect(await encrypted({ sslmode: 'verify-ca', ...ca() })).toMatchObject({ ssl: true });
    expect(
      await encrypted({ sslmode: 'verify-full', tls: { ca: pem('ca.crt'), server_name: 'elsewhere.example' } }),
    ).toMatchObject({ ssl: true });
    await serve('expired');
    expect(await encrypted({ sslmode: 'verify-full', ...ca() })).toMatchObject({
      field: 'config.tls.ca',
      message: expect.stringContaining('expired'),
    });
    await serve('self');
    expect(await encrypted({ sslmode: 'verify-full', ...ca() })).toMatchObject({ field: 'config.tls.ca' });
    expect(await encrypted({ sslmode: 'verify-full', tls: { ca: pem('self.crt') } })).toMatchObject({ ssl: true });
    expect(await encrypted({ sslmode: 'require' })).toMatchObject({ ssl: true });
    await serve('good');
  });

  it('sign in by a client certificate of the authority that the server trusts, and by no other', async () => {
    const rules = path.join(target.dir, 'pg_hba.conf');
    const before = readFileSync(rules, 'utf8');
    writeFileSync(rules, `hostssl shop clerk 127.0.0.1/32 cert\n${before}`);
    await serve('good');
    const auth = { method: 'none', username: 'clerk' };
    const own = (name: string) => ({
      sslmode: 'verify-full',
      tls: { ca: pem('ca.crt'), cert: pem(`${name}.crt`), key: pem(`${name}.key`) },
    });
    expect(await encrypted(own('clerk'), auth)).toEqual({ ssl: true, client_dn: '/CN=clerk' });
    expect(await encrypted({ sslmode: 'verify-full', ...ca() }, auth)).toMatchObject({ field: 'config.tls.cert' });
    expect(await encrypted(own('impostor'), auth)).toMatchObject({ field: 'config.tls.cert' });
    writeFileSync(rules, before);
    await serve('good');
  });
});
