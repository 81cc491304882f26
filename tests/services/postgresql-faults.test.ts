import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import { destinationGuard } from '../../src/services/calls/destinations.ts';
import { keptAs } from '../../src/services/calls/kept-clients.ts';
import { runCheck } from '../../src/services/health/health-steps.ts';
import { type TargetDatabase, type TargetHarness, targetDatabase, targetHarness } from '../support/target-database.ts';

let target: TargetDatabase;
let at: TargetHarness;
const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);
beforeAll(async () => {
  process.on('unhandledRejection', note);
  target = await targetDatabase();
  at = await targetHarness(target);
});
afterAll(async () => {
  await at?.close();
  await target?.remove();
  process.off('unhandledRejection', note);
});
afterEach(() => expect(uncaught).toEqual([]));

const query = (sql: string, calling = {}) => at.tool('execute_query', { sql }, calling);
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ fault: 'none', message: '' }),
    (error) => ({
      fault: error.fault ?? error.code,
      message: error.message,
      field: error.field,
      arrived: error.mayHaveArrived,
    }),
  );
const backends = async () =>
  (await target.sql("select pid from pg_stat_activity where application_name = 'patchbay' and usename = 'clerk'")).map(
    ({ pid }) => pid,
  );
const setting = (more: Values) => ({ config: { ...target.config, ...more } });
const seconds = async (work: Promise<unknown>) => {
  const started = performance.now();
  await work;
  return (performance.now() - started) / 1000;
};

describe('a pool', () => {
  it('opens as many connections as it may, makes the others wait, and keeps the usual number', async () => {
    const small = { ...setting({ pool_size: 2, max_overflow: 1 }), connectorId: 'pool-of-three' };
    const running = Array.from({ length: 9 }, () => query('select pg_sleep(0.3)', small));
    await expect.poll(async () => (await backends()).length).toBe(3);
    await Promise.all(running);
    await expect.poll(async () => (await backends()).length).toBe(2);
    await at.driver.release?.(keptAs(at.ctx, 'pool-of-three'));
    await expect.poll(async () => (await backends()).length).toBe(0);
  });

  it('tells who waits too long that all are in use', async () => {
    const one = { ...setting({ pool_size: 1, max_overflow: 0 }), connectorId: 'pool-of-one' };
    const slow = query('select pg_sleep(4)', one);
    await expect.poll(async () => (await backends()).length).toBe(1);
    expect(await outcome(query('select 1', { ...one, deadlineMs: 1_500 }))).toMatchObject({ fault: 'rate_limited' });
    await slow;
    expect(await outcome(query('select 1', one))).toMatchObject({ fault: 'none' });
  });

  it('makes room for who waits when a caller goes away', async () => {
    const one = { ...setting({ pool_size: 1, max_overflow: 0 }), connectorId: 'pool-of-one' };
    const leaving = new AbortController();
    const slow = outcome(query('select pg_sleep(20)', { ...one, signal: leaving.signal }));
    const waiting = query('select 1', one);
    await sleep(200);
    leaving.abort();
    expect((await slow).fault).not.toBe('none');
    expect((await waiting).row_count).toBe(1);
  });

  it('belongs to its settings: others get another one, and the old one ends', async () => {
    await at.driver.release?.();
    await expect.poll(backends).toEqual([]);
    const same = { connectorId: 'changing' };
    await query('select 1', { ...same, ...setting({}) });
    const before = await backends();
    await query('select 1', { ...same, ...setting({ row_cap: 7 }) });
    await expect.poll(async () => (await backends()).some((pid) => before.includes(pid))).toBe(false);
    await at.driver.release?.(keptAs(at.ctx, 'changing'));
  });

  it('keeps nothing for values that are only tried', async () => {
    await at.driver.release?.();
    await query('select 1', { connectorId: null });
    await expect.poll(backends).toEqual([]);
  });

  it('is not used past what the secret was entered for', async () => {
    await query('select 1', { connectorId: 'sealed' });
    const elsewhere = [['postgres://db.example.com:5432']];
    expect(await outcome(query('select 1', { connectorId: 'sealed', sealed: elsewhere }))).toMatchObject({
      fault: 'redirect_refused',
    });
    const stronger = [[`postgres://127.0.0.1:${target.port}`]];
    expect(await outcome(query('select 1', { connectorId: 'sealed', sealed: stronger }))).toMatchObject({
      fault: 'redirect_refused',
    });
  });
});

describe('a server in trouble', () => {
  it('that ended the connections meanwhile is asked on a new one', async () => {
    await Promise.all([query('select pg_sleep(0.2)'), query('select pg_sleep(0.2)')]);
    await target.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'");
    expect((await query('select 1')).row_count).toBe(1);
  });

  it('that kills a backend in the middle of a batch has changed nothing', async () => {
    await target.sql(
      'drop table if exists batch; create table batch (id int, slow text); alter table batch owner to clerk',
    );
    await target.sql(`create or replace function wait_a_bit() returns trigger language plpgsql as 'begin perform pg_sleep(0.01); return new; end';
      create trigger wait before insert on batch for each row execute function wait_a_bit()`);
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id }));
    const batch = outcome(at.tool('insert_many', { table: 'batch', rows }));
    await expect
      .poll(() =>
        target.sql(
          "select 1 from pg_stat_activity where usename = 'clerk' and query like 'insert into%' and state = 'active'",
        ),
      )
      .toHaveLength(1);
    await target.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'");
    expect(await batch).toMatchObject({ message: expect.stringContaining('Nothing was changed.'), arrived: false });
    expect(await target.sql('select count(*)::int as n from batch')).toEqual([{ n: 0 }]);
    expect((await query('select 1')).row_count).toBe(1);
  });

  it('that loses the answer to COMMIT leaves the outcome unknown', async () => {
    await target.sql(`drop table if exists late; create table late (id int); alter table late owner to clerk;
      create or replace function slow_commit() returns trigger language plpgsql as 'begin perform pg_sleep(20); return null; end';
      create constraint trigger slow after insert on late deferrable initially deferred for each row execute function slow_commit()`);
    const command = outcome(at.tool('execute_command', { sql: 'insert into late values (1)' }));
    await expect
      .poll(() =>
        target.sql("select 1 from pg_stat_activity where usename = 'clerk' and query = 'commit' and state = 'active'"),
      )
      .toHaveLength(1);
    await target.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'");
    expect(await command).toMatchObject({ arrived: true });
  });

  it('that is restarted answers everybody within their deadline, and then as before', async () => {
    const load = Array.from({ length: 20 }, () => outcome(query('select pg_sleep(0.5)', { deadlineMs: 8_000 })));
    await expect.poll(async () => (await backends()).length).toBeGreaterThan(5);
    process.kill(target.pid, 'SIGKILL');
    expect(await seconds(Promise.all(load))).toBeLessThan(15);
    expect(await outcome(query('select 1', { deadlineMs: 5_000 }))).toMatchObject({
      fault: expect.stringMatching(/unreachable|service|broken_off/),
    });
    await expect.poll(() => target.revive().catch(() => false), { timeout: 30_000, interval: 500 }).toBe(true);
    await expect.poll(() => outcome(query('select 1')), { timeout: 20_000 }).toMatchObject({ fault: 'none' });
  }, 60_000);

  it('that has no connection to spare says so', async () => {
    await target.sql('alter role clerk connection limit 1');
    await at.driver.release?.();
    await expect.poll(backends).toEqual([]);
    const results = await Promise.all([outcome(query('select pg_sleep(1)')), outcome(query('select pg_sleep(1)'))]);
    await target.sql('alter role clerk connection limit -1');
    expect(results.map(({ fault }) => fault).toSorted()).toEqual(['none', 'rate_limited']);
  });
});

const steps = async (config: Values, auth: Values = target.auth) => {
  const addresses = at.driver.destinations(config, auth);
  const found = await runCheck(at.ctx, {
    driver: at.driver,
    config,
    auth,
    addresses,
    destinations: destinationGuard(addresses, []),
  });
  const failed = found.steps.find(({ status }) => status === 'failed' || status === 'warning');
  return { verdict: found.verdict, failed, label: found.account?.label, refused: found.credentialRefused };
};

describe('a check', () => {
  it('passes and says who is connected', async () => {
    expect(await steps(target.config)).toMatchObject({ verdict: 'passed', label: 'clerk@127.0.0.1/shop' });
    expect((await at.check()).message).toMatch(/^PostgreSQL \d+\.\d+, signed in as clerk\.$/);
  });

  it.each<[string, Values, Values, Values]>([
    ['a wrong password', {}, { password: 'wrong' }, { name: 'authentication', field: 'auth.password' }],
    ['an unknown user', {}, { username: 'nobody' }, { name: 'authentication' }],
    ['an unknown database', { database: 'nothing' }, {}, { field: 'config.database' }],
    ['a port where nothing answers', { port: 2 }, {}, { name: 'connection' }],
    ['a server without encryption', { sslmode: 'require' }, {}, { field: 'config.sslmode' }],
  ])('names what to mend: %s', async (_, config, auth, expected) => {
    const free = await targetHarness(target, { allowed: '127.0.0.1' });
    at = Object.assign(at, { ctx: free.ctx });
    const { verdict, failed } = await steps({ ...target.config, ...config }, { ...target.auth, ...auth });
    expect([verdict, failed]).toMatchObject(['failed', expected]);
    expect(JSON.stringify(failed)).not.toContain(String(target.auth.password));
  });

  it('warns of a superuser', async () => {
    const { user: username, password } = target.setup;
    const { verdict, failed } = await steps(target.config, { method: 'basic', username, password });
    expect([verdict, failed]).toMatchObject([
      'warned',
      { name: 'permission', message: expect.stringContaining('superuser') },
    ]);
  });

  it.each([
    ['says nothing', ''],
    ['speaks something else', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])(
    'fails at a server that %s',
    async (_, text) => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        if (text) socket.once('data', () => socket.end(text));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const free = await targetHarness(target, { allowed: '127.0.0.1' });
      at = Object.assign(at, { ctx: free.ctx });
      for (const sslmode of ['disable', 'require'])
        expect((await steps({ ...target.config, port, sslmode })).failed).toMatchObject({ name: 'reply' });
      for (const socket of sockets) socket.destroy();
      server.close();
    },
    40_000,
  );
});

describe('the hub’s own server', () => {
  it('is refused by its address and by its identifier', async () => {
    const auth = { method: 'basic', username: target.setup.user, password: target.setup.password };
    const byAddress = await targetHarness(target, { databaseUrl: `postgres://x@localhost:${target.port}/patchbay` });
    expect(await outcome(byAddress.tool('list_tables', {}, { auth }))).toMatchObject({ fault: 'blocked' });
    const byIdentifier = await targetHarness(target, { ownDatabase: target.hub });
    expect(await outcome(byIdentifier.tool('list_tables', {}, { auth }))).toMatchObject({
      fault: 'permission',
      field: 'config.host',
    });
    await byAddress.close();
    await byIdentifier.close();
  });
});

describe('an address that is not for connectors', () => {
  it.each([
    '127.0.0.1',
    'localhost',
    '10.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    '::ffff:127.0.0.1',
    '127.1',
    '2130706433',
    'fe80::1',
  ])('is refused: %s', async (host) => {
    const strict = await targetHarness(target, { allowed: '' });
    expect((await outcome(strict.tool('list_tables', {}, { config: { ...target.config, host } }))).fault).toMatch(
      /blocked|unknown_host/,
    );
    await strict.close();
  });

  it.each(['/var/run/postgresql', '127.0.0.1/x', 'a@b', '127.0.0.1:5432,db.example.com'])(
    'is no host at all: %s',
    async (host) => {
      expect((await outcome(at.tool('list_tables', {}, { config: { ...target.config, host } }))).fault).toMatch(
        /redirect_refused|blocked/,
      );
    },
  );
});
