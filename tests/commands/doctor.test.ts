import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { withConnection } from '../../src/db/connection.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { examine } from '../../src/services/doctor/doctor.ts';
import type { Patient } from '../../src/services/doctor/finding.ts';
import { checkBaseUrl, checkDataDir, checkDisk, checkDriver } from '../../src/services/doctor/machine.ts';
import { readKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/vault.ts';
import { masterKeys, type TestApp, testApp } from '../support/app.ts';
import { temporaryDirectory } from '../support/postgres.ts';
import { runCommand, startHub } from '../support/processes.ts';

const command = 'src/commands/doctor.ts';
const canary = 'abcd efgh ijkl mnop qrst uvwx';

describe('make doctor', { timeout: 90_000 }, () => {
  let dataDir: string;
  beforeAll(() => {
    dataDir = temporaryDirectory('doctor');
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const doctor = (...args: string[]) => runCommand(command, { env: { DATA_DIR: dataDir }, args });

  it('makes no database where there is none', async () => {
    expect(await doctor()).toEqual({
      code: 1,
      out: '',
      err: `There is no database in ${dataDir} yet. make run makes it.\n`,
    });
  });

  it('examines beside a hub that runs, a line a check, and tells no secret', async () => {
    const hub = await startHub({ DATA_DIR: dataDir });
    try {
      const text = await doctor('--deep');
      expect(text).toMatchObject({ code: 0, err: '' });
      for (const line of text.out.trim().split('\n')) expect(line).toMatch(/^(ok {2}|warn) {2}[a-z A-Z-]+: .+\.$/);
      for (const check of ['database version', 'row-level security', 'keyring', 'secrets', 'disk', 'migrations'])
        expect(text.out).toContain(`  ${check}: `);
      const [, key] = readFileSync(path.join(dataDir, 'master-keys'), 'utf8').trim().split(':');
      const passwords = Object.values(JSON.parse(readFileSync(path.join(dataDir, 'postgres-passwords.json'), 'utf8')));
      for (const secret of [key, ...passwords]) expect(text.out).not.toContain(secret);

      chmodSync(path.join(dataDir, 'postgres-passwords.json'), 0o644);
      const { code, out } = await doctor('--json');
      expect(code).toBe(1);
      const failed = JSON.parse(out).filter(({ level }: { level: string }) => level === 'fail');
      expect(failed).toEqual([
        expect.objectContaining({ check: 'data directory', next: expect.stringContaining('chmod 600') }),
      ]);
    } finally {
      await hub.stop();
    }
  });
});

describe('a hub in trouble', () => {
  let app: TestApp;
  let patient: Patient;
  beforeAll(async () => {
    app = await testApp();
    const { config, vault } = app.hub;
    patient = { config, vault, owner: app.database.admin, hub: app.database.hub, deep: true };
    await installConnector(app.ctx(app.cast.ada), 'wordpress', {
      name: 'Blog',
      config: { site_url: 'https://blog.example.com' },
      auth: { method: 'basic', username: 'ada', password: canary },
      tags: [],
    });
  });
  afterAll(() => app.close());

  const found = async (check: string, changed: Partial<Patient> = {}) =>
    (await examine({ ...patient, ...changed })).filter((finding) => finding.check === check);
  const owner = (query: string) => withConnection(app.database.admin, (own) => own.unsafe(query));

  it('is well to begin with', async () => {
    const findings = await examine(patient);
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([]);
    expect(await found('secrets')).toMatchObject([{ level: 'ok' }]);
  });

  it.each([
    [
      'row-level security',
      'alter table connectors no force row level security',
      'alter table connectors force row level security',
      'fail',
      'connectors',
    ],
    [
      'row-level security',
      'alter table tenant_keys disable row level security',
      'alter table tenant_keys enable row level security',
      'fail',
      'tenant_keys',
    ],
    [
      'migrations',
      `insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 1)`,
      `delete from drizzle.__drizzle_migrations where hash = 'later'`,
      'fail',
      'newer Patchbay',
    ],
    [
      'clock work',
      `update connectors set deleted_at = now() - interval '1 day'`,
      'update connectors set deleted_at = null',
      'warn',
      '1 rows',
    ],
    [
      'secrets',
      `update connectors set auth = jsonb_set(auth, '{password,$sealed}', '"pb1.1.AAAA"')`,
      'delete from connectors',
      'fail',
      'auth.password of the connector “Blog” in Northwind',
    ],
  ])('tells about %s after %s', async (check, harm, cure, level, words) => {
    await owner(harm);
    expect(await found(check)).toMatchObject([{ level, message: expect.stringContaining(words) }]);
    await owner(cure);
    expect((await found(check))[0]?.level).toBe('ok');
  });

  it('tells about master keys: missing, due and droppable', async () => {
    const other = `k9:${Buffer.alloc(32, 9).toString('base64')}`;
    const withKeys = (keys: string) => ({ vault: createVault(readKeyring({ masterKeys: keys, dataDir: '/nowhere' })) });
    expect(await found('keyring', withKeys(other))).toMatchObject([
      { level: 'fail', message: expect.stringContaining('Not in MASTER_KEYS: test') },
    ]);
    expect(await found('keyring', withKeys(`${other},${masterKeys}`))).toMatchObject([
      { level: 'warn', next: 'Run make rotate-master-key.' },
    ]);
    expect(await found('keyring', withKeys(`${masterKeys},${other}`))).toMatchObject([
      { level: 'ok', message: expect.stringContaining('Nothing needs k9') },
    ]);
  });

  it('warns of one login for everything', async () => {
    expect(await found('database roles')).toMatchObject([{ level: 'ok' }]);
    expect(await found('database roles', { hub: patient.owner })).toMatchObject([{ level: 'warn' }]);
  });

  it('finds a database that is away, check by check', async () => {
    const away = { ...(patient.owner as object), host: '/nowhere/at/all' } as Patient['owner'];
    const findings = await examine({ ...patient, owner: away, hub: away });
    expect(findings.filter(({ level }) => level === 'fail').length).toBeGreaterThan(5);
    expect(await app.hub.db.system.execute(sql`select 1 as one`)).toMatchObject([{ one: 1 }]);
  });
});

describe('the machine', () => {
  const config = (env: Record<string, string>) => ({ config: readConfig(env) });

  it.each([
    [{}, 'ok'],
    [{ BASE_URL: 'https://hub.example.com' }, 'ok'],
    [{ BASE_URL: 'http://hub.example.com' }, 'warn'],
    [{ HOST: '0.0.0.0', BASE_URL: 'http://localhost:3000' }, 'warn'],
    [{ HOST: '0.0.0.0', BASE_URL: 'https://hub.example.com' }, 'ok'],
  ])('judges the address %j: %s', (env, level) => {
    expect(checkBaseUrl(config(env as Record<string, string>))).toMatchObject([{ level }]);
  });

  it('wants the data directory closed to others', () => {
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-doctor-'));
    try {
      const check = () => checkDataDir({ config: { dataDir } })[0];
      expect(check()?.level).toBe('ok');
      writeFileSync(path.join(dataDir, 'master-keys'), '', { mode: 0o640 });
      chmodSync(path.join(dataDir, 'master-keys'), 0o640);
      expect(check()).toMatchObject({ level: 'fail', next: expect.stringContaining('chmod 600') });
      chmodSync(dataDir, 0o777);
      expect(check()).toMatchObject({ level: 'fail', next: `Run: chmod go-w '${dataDir}'` });
      expect(checkDisk({ config: { dataDir } })[0]?.message).toMatch(/^\d+\.\d GB are free/);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('finds the patched driver', () => expect(checkDriver()).toMatchObject([{ level: 'ok' }]));
});
