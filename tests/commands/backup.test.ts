import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { startDatabase } from '../../src/db/start.ts';
import { createLog } from '../../src/lib/log.ts';
import { temporaryDirectory } from '../support/postgres.ts';
import { runCommand, startHub } from '../support/processes.ts';
import { keepUsing, runningHub, signIn } from './rotation.ts';

const passphrase = 'a passphrase for tests';

describe('make backup and make restore', { timeout: 180_000 }, () => {
  let started: Awaited<ReturnType<typeof runningHub>>;
  let home: string;
  let target: string;
  let file: string;
  beforeAll(async () => {
    started = await runningHub('backup');
    home = temporaryDirectory('backups');
    target = path.join(home, 'new-data');
    file = path.join(home, 'hub.backup');
    await withConnection(
      started.database.admin,
      (own) => own`
        insert into audit_events (tenant_id, id, action, actor_type, actor_name, subject_type, subject_name, details, request_id)
        select o.id, gen_random_uuid(), 'tested', 'system', E'Ada\\n"<>\\\\ \\u202b', 'tenant', '😀',
          jsonb_build_object('n', n, 'text', md5(n::text), 'big', 12345678901234567890.123456789), 'r'
        from organizations o, generate_series(1, 30000) n`,
    );
  });
  afterAll(async () => {
    await started.hub.stop();
    await started.close();
    rmSync(home, { recursive: true, force: true });
  });

  type Watch = Parameters<typeof runCommand>[2];
  const env = (dataDir: string, phrase = passphrase) => ({ DATA_DIR: dataDir, BACKUP_PASSPHRASE: phrase });
  const backup = (to: string, watch?: Watch) =>
    runCommand('src/commands/backup.ts', { env: env(started.dataDir), args: ['--file', to] }, watch);
  const restore = (from: string, options: { phrase?: string; into?: string } = {}, watch?: Watch) =>
    runCommand(
      'src/commands/restore.ts',
      { env: env(options.into ?? target, options.phrase), args: ['--file', from] },
      watch,
    );
  const giveKeys = (dataDir: string) => {
    mkdirSync(dataDir, { recursive: true });
    copyFileSync(path.join(started.dataDir, 'master-keys'), path.join(dataDir, 'master-keys'));
  };

  it('leaves no file with that name after kill -9 in the middle', async () => {
    const partial = () => readdirSync(home).find((name) => name.endsWith('.partial'));
    const writing = () => statSync(path.join(home, partial() ?? ''), { throwIfNoEntry: false })?.size ?? 0;
    const killed = await backup(file, (_, kill) => partial() && writing() > 100_000 && kill());
    expect(killed.code).toBe(null);
    expect(existsSync(file)).toBe(false);
    rmSync(path.join(home, partial() as string));
  });

  it('backs up beside a hub in use, without a master key or a secret in the file', async () => {
    const finish = keepUsing(started.client, started.connector.id);
    const done = await backup(file);
    expect((await finish()).failures).toEqual([]);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toContain('and read it again: ');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(['hub.backup']);
    const bytes = readFileSync(file).toString('latin1');
    const [, key = ''] = readFileSync(path.join(started.dataDir, 'master-keys'), 'utf8').trim().split(':');
    for (const secret of [key, 'ada@example.com', 'Company blog']) expect(bytes).not.toContain(secret);
    expect(await backup(file)).toMatchObject({ code: 1, err: expect.stringContaining('is there already') });
  });

  it.each([
    ['a wrong passphrase', 'does not open this backup', { phrase: 'another passphrase' }, (bytes: Buffer) => bytes],
    ['a file cut off', 'damaged or cut off', {}, (bytes: Buffer) => bytes.subarray(0, -100_000)],
    ['a file cut off at its last frame', 'damaged or cut off', {}, (bytes: Buffer) => bytes.subarray(0, -1)],
    [
      'a changed byte',
      'damaged or cut off',
      {},
      (bytes: Buffer) => bytes.fill(~(bytes[300_000] ?? 0), 300_000, 300_001),
    ],
    ['something after the end', 'damaged or cut off', {}, (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    [
      'another kind of file',
      'no backup of Patchbay',
      {},
      () => Buffer.from('PK something else altogether, but long enough'),
    ],
  ])('refuses %s before it writes anything', async (_what, words, options, harm) => {
    const broken = path.join(home, 'broken');
    writeFileSync(broken, harm(readFileSync(file)));
    const into = path.join(home, 'refused');
    giveKeys(into);
    const refused = await restore(broken, { ...options, into });
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining(words) });
    expect(readdirSync(into)).toEqual(['master-keys']);
  });

  it('refuses missing and foreign master keys, and a missing passphrase', async () => {
    const into = path.join(home, 'keyless');
    const without = await restore(file, { into });
    expect(without).toMatchObject({ code: 1, err: expect.stringContaining('Put the master keys of that hub back') });
    expect(existsSync(into)).toBe(false);
    mkdirSync(into);
    const [id] = readFileSync(path.join(started.dataDir, 'master-keys'), 'utf8').split(':');
    writeFileSync(path.join(into, 'master-keys'), `${id}:${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 });
    const foreign = await restore(file, { into });
    expect(foreign).toMatchObject({ code: 1, err: expect.stringContaining('do not open this backup') });
    expect(await restore(file, { phrase: '' })).toMatchObject({
      code: 2,
      err: expect.stringContaining('BACKUP_PASSPHRASE'),
    });
    expect(await restore(path.join(home, 'nowhere'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no file'),
    });
  });

  it('restores all or nothing: after kill -9 in the middle the next run completes', async () => {
    giveKeys(target);
    for (const delay of [0, 400])
      expect((await restore(file, {}, (out, kill) => void (out && setTimeout(kill, delay)))).code).toBe(null);
    const done = await restore(file);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(/^public\.audit_events: 300\d\d$/m);
    expect(done.out).toMatch(/ secrets open\. Everybody signs in again\.\n$/);
    expect(await restore(file)).toMatchObject({ code: 1, err: expect.stringContaining('holds tables already') });
  });

  it('brings everything back: rows as they were, sign in, and the connector’s form', async () => {
    const hub = await startHub({ DATA_DIR: target });
    try {
      const client = await signIn(hub);
      expect(client.status).toBe(200);
      expect((await client.read(started.connector.id)).unreadable_secrets).toEqual([]);
      const form = await client.as('GET', `/connectors/${started.connector.id}/edit`);
      expect(form.status).toBe(200);
      expect(await form.text()).toContain('https://blog.example.com');
      expect((await client.as('GET', '/api/audit')).status).toBe(200);
      const doctor = await runCommand('src/commands/doctor.ts', { env: { DATA_DIR: target }, args: ['--deep'] });
      expect(doctor).toMatchObject({ code: 0, err: '' });
      const restored = await startDatabase(
        { dataDir: target, databaseUrl: null, databaseAdminUrl: null },
        createLog('silent'),
      );
      const sums = await Promise.all(
        [started.database.admin, restored.admin].map((admin) =>
          withConnection(admin, (own) =>
            own.unsafe(
              `select md5(string_agg(e::text, '' order by id)) as sum from audit_events e where action = 'tested'`,
            ),
          ),
        ),
      );
      await restored.stop();
      expect(sums[1]?.[0]).toEqual(sums[0]?.[0]);
    } finally {
      await hub.stop();
    }
  });

  it('ends with a code of its own when all came back and some secrets do not open', async () => {
    const damaged = path.join(home, 'damaged.backup');
    await withConnection(
      started.database.admin,
      (own) => own`update connectors set auth = jsonb_set(auth, '{password,$sealed}', '"pb1.1.AAAA"')`,
    );
    expect(await backup(damaged)).toMatchObject({ code: 0 });
    const into = path.join(home, 'damaged-data');
    giveKeys(into);
    const done = await restore(damaged, { into });
    expect(done).toMatchObject({
      code: 3,
      out: expect.stringContaining('Restored the backup'),
      err: expect.stringMatching(/^Everything is restored, but 1 secrets do not open: .*Company blog/),
    });
  });
});
