import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServerAddress } from '../../src/db/connection.ts';
import { jsonEditorModule } from '../../src/lib/json-editor.ts';
import { masterKeys } from '../support/app.ts';
import { freePort } from '../support/ports.ts';
import { createDatabase, temporaryServer } from '../support/postgres.ts';

// The image's start, without an image: it may read what the Dockerfile copies, write nothing, start no process, and import no
// package that is there for development only.

const root = path.resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
let server: Awaited<ReturnType<typeof temporaryServer>>;
let databasePort: number;
let child: ChildProcess | undefined;

beforeAll(async () => {
  await jsonEditorModule(); // what the Dockerfile builds before the development packages go
  databasePort = await freePort();
  server = await temporaryServer('image', ['listen_addresses=127.0.0.1', `port=${databasePort}`]);
  await createDatabase(server, 'hub');
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await server?.remove();
});

/** Everything that the last stage of the Dockerfile puts into the image. */
function copied(): string[] {
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
  return [...last.matchAll(/^COPY (?:--from=packages (?:--chown=\S+ )?\/app\/)?(\S+) \S+$/gm)].map(
    ([, name]) => name as string,
  );
}

/** The packages that the image's last `npm prune` takes away. */
function absentPackages(): string[] {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const packages = Object.entries(lock.packages as Record<string, Record<string, boolean>>);
  return packages.filter(([, { dev, optional, devOptional }]) => dev || optional || devOptional).map(([name]) => name);
}

async function startAsInImage(port: number, files: string[]): Promise<() => string> {
  const url = ({ user, password }: ServerAddress) => `postgres://${user}:${password}@127.0.0.1:${databasePort}/hub`;
  const hook = 'tests/process/production-only.ts';
  const readable = [...files, hook].map((file) => `--allow-fs-read=${path.join(root, file)}`);
  const program = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]').slice(1);
  child = spawn(process.execPath, ['--permission', ...readable, '--import', `./${hook}`, ...program], {
    cwd: root,
    env: {
      ...{ NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), BASE_URL: `http://127.0.0.1:${port}` },
      ...{ DATABASE_URL: url(server.hub), DATABASE_ADMIN_URL: url(server.owner), MASTER_KEYS: masterKeys },
      ...{ ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'correct-horse-battery', ADMIN_TENANT: 'Northwind' },
      ABSENT_PACKAGES: JSON.stringify(absentPackages()),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  for (let tries = 0; tries < 600 && child.exitCode === null && !output.includes('"msg":"ready"'); tries++)
    await sleep(50);
  return () => output;
}

it('starts from what is copied, read-only, without development packages, and serves pages and the editor for lists', async () => {
  const files = copied();
  expect(files).toEqual(expect.arrayContaining(['node_modules', '.cache', 'package.json', 'migrations', 'src']));
  expect(absentPackages()).toEqual(expect.arrayContaining(['node_modules/esbuild', 'node_modules/vitest']));
  const port = await freePort();
  const output = await startAsInImage(port, files);
  expect(output()).toContain('"msg":"ready"');

  const origin = `http://127.0.0.1:${port}`;
  const credentials = { email: 'ada@example.com', password: 'correct-horse-battery' };
  const signIn = await fetch(`${origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify(credentials),
  });
  expect(signIn.status).toBe(200);
  const cookie = signIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const page = await (await fetch(`${origin}/catalog`, { headers: { cookie } })).text();
  expect(page).toContain('HTTP API');
  const script = /\/assets\/[^"]+\/js\/app\.js/.exec(page)?.[0] ?? '';
  const editor = await fetch(origin + script.replace('app.js', 'forms/island/json-editor.js'));
  expect([editor.status, (await editor.text()).length > 100_000]).toEqual([200, true]);

  const left = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGTERM');
  expect(await left).toBe(0);
  expect(output()).not.toMatch(/ERR_ACCESS_DENIED|"level":"(error|fatal)"/);
});
