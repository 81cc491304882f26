import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let dataDir: string;
const started: ChildProcess[] = [];

beforeAll(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'patchbay-process-'));
  chmodSync(dataDir, 0o755); // the database runs as another user when the tests run as root
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  // The database outlives a hub that was killed; this one stops it.
  await (await run()).stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  url: string;
  output(): string;
  exit: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** The real program; resolves when it is ready or has ended. */
async function run(env: Record<string, string> = {}): Promise<Running> {
  const port = env.PORT ?? String(await freePort());
  const child = spawn('node', ['--import', './src/db/fast-imports.ts', 'src/server.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, ...env, PORT: port },
  });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for (let i = 0; i < 600 && child.exitCode === null && !text.includes('"msg":"ready"'); i++) await sleep(50);
  const stop = () => {
    child.kill('SIGTERM');
    return exit;
  };
  return { child, url: `http://127.0.0.1:${port}`, output: () => text, exit, stop };
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

describe('the first start', () => {
  it('prints a link that creates the first owner once, and stops cleanly', async () => {
    const hub = await run();
    expect(hub.output()).toMatch(/"msg":"ready"/);
    const link = /http:\S+\/setup\?token=[\w-]+/.exec(hub.output())?.[0] ?? '';
    expect((await fetch(link)).status).toBe(200);
    expect((await fetch(`${hub.url}/setup?token=wrong`)).status).toBe(404);

    const token = new URL(link).searchParams.get('token') ?? '';
    const form = {
      token,
      tenant_name: 'Northwind',
      name: 'Ada',
      email: 'ada@example.com',
      password: 'correct horse battery',
    };
    const send = () =>
      fetch(`${hub.url}/setup`, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
    const first = await send();
    expect([first.status, first.headers.get('location')]).toEqual([303, '/catalog']);
    expect((await send()).status).toBe(404);
    expect((await fetch(link)).status).toBe(404);
    expect(await hub.stop()).toBe(0);
    // The link is for the terminal; the log, which others may read, does not have the token.
    expect(
      hub
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .join(),
    ).not.toContain(token);
  });

  it('keeps the master key to its owner', () => {
    expect(statSync(path.join(dataDir, 'master-keys')).mode & 0o777).toBe(0o600);
  });
});

describe('the next start', () => {
  const signIn = (url: string) =>
    fetch(`${url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery' }),
    });

  it('survives kill -9 of the one before, and its own', async () => {
    const hub = await run();
    expect((await signIn(hub.url)).status).toBe(200);
    hub.child.kill('SIGKILL');
    await hub.exit;
    const next = await run();
    expect((await signIn(next.url)).status).toBe(200);
    expect(await next.stop()).toBe(0);
  });

  it('shares the database with a second hub on the same data', async () => {
    const [one, two] = await Promise.all([run(), run()]);
    expect([(await signIn(one.url)).status, (await signIn(two.url)).status]).toEqual([200, 200]);
    expect(await one.stop()).toBe(0);
    expect((await signIn(two.url)).status).toBe(200);
    expect(await two.stop()).toBe(0);
  });

  it('answers the request that is under way when it is told to stop', async () => {
    const hub = await run();
    await signIn(hub.url); // the first one loads the identity library
    const answers = Promise.all(
      Array.from({ length: 4 }, () =>
        signIn(hub.url).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    );
    await sleep(50);
    const code = hub.stop();
    expect(await answers).toEqual([200, 200, 200, 200]);
    expect(await code).toBe(0);
  });

  it('stops cleanly also while a request never ends, and takes no new one meanwhile', async () => {
    const hub = await run();
    const { hostname, port } = new URL(hub.url);
    const endless = connect({ host: hostname, port: Number(port) });
    endless.on('error', () => {});
    const head = [
      'POST /signin HTTP/1.1',
      `Host: ${hostname}:${port}`,
      'Content-Length: 100',
      'Sec-Fetch-Site: same-origin',
    ];
    endless.write([...head, 'Content-Type: application/x-www-form-urlencoded', '', 'email=half'].join('\r\n'));
    await once(endless, 'connect');
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200);
    const code = hub.stop();
    const refused = () =>
      fetch(`${hub.url}/readyz`).then(
        () => false,
        () => true,
      );
    await expect.poll(refused, { timeout: 5_000, interval: 50 }).toBe(true);
    expect(await code).toBe(0);
    endless.destroy();
  });
});

describe('what cannot start', () => {
  const refuse = async (env: Record<string, string>) => {
    const hub = await run(env);
    expect(await hub.exit).toBe(1);
    expect(hub.output()).toContain('Patchbay did not start.');
    expect(hub.output()).not.toMatch(/\n\s+at /); // no stack for what the operator can mend
    return hub.output();
  };

  it('says which variable is wrong', async () => {
    const said = await refuse({ PORT: 'http', BASE_URL: 'hub', LOG_LEVEL: 'loud', ADMIN_EMAIL: 'ada' });
    for (const name of ['PORT', 'BASE_URL', 'LOG_LEVEL', 'ADMIN_EMAIL']) expect(said).toContain(name);
  });

  it('says that the port is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    expect(await refuse({ PORT: String(port) })).toContain(`Port ${port} on 127.0.0.1 is taken`);
    blocker.close();
  });

  it('says that the database does not answer, without its password', async () => {
    const keys = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
    const port = await freePort();
    const said = await refuse({
      DATABASE_URL: `postgres://hub:canary-password@127.0.0.1:${port}/hub`,
      MASTER_KEYS: keys,
    });
    expect(said).toContain('did not answer');
    expect(said).not.toContain('canary-password');
  });

  it('asks for the master keys of a database of one’s own', async () => {
    expect(await refuse({ DATABASE_URL: 'postgres://hub@127.0.0.1:1/hub' })).toContain('MASTER_KEYS');
  });

  it('refuses another master key, and a lost one, and makes no new one', async () => {
    const file = path.join(dataDir, 'master-keys');
    const other = await refuse({ MASTER_KEYS: `other:${Buffer.alloc(32, 9).toString('base64')}` });
    expect(other).toMatch(/master key/i);

    const own = readFileSync(file, 'utf8');
    const wrong = `${own.split(':')[0]}:${Buffer.alloc(32, 5).toString('base64')}\n`;
    renameSync(file, `${file}.kept`);
    writeFileSync(file, wrong, { mode: 0o600 });
    expect(await refuse({})).toMatch(/master key/i);
    rmSync(file);
    expect(await refuse({})).toMatch(/master key/i);
    expect(() => statSync(file)).toThrow();
    renameSync(`${file}.kept`, file);
    const hub = await run();
    expect(await hub.stop()).toBe(0);
  });
});
