import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type StartedDatabase, startDatabase } from '../../src/db/start.ts';
import { createLog } from '../../src/lib/log.ts';
import { temporaryDirectory } from '../support/postgres.ts';

const root = path.resolve(import.meta.dirname, '../..');
let dataDir: string;
let running: StartedDatabase;

// A hub that runs on its embedded server, as far as the database goes.
beforeAll(async () => {
  dataDir = temporaryDirectory('reset');
  running = await startDatabase({ dataDir, databaseUrl: null, databaseAdminUrl: null }, createLog('silent'));
  await run('src/commands/tenant.ts', ['--name', 'Northwind', '--email', 'ada@example.com'], {
    PASSWORD: 'correct horse battery',
  });
});
afterAll(async () => {
  await running.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function run(file: string, args: string[], more: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir, BASE_URL: 'https://hub.example.com', ...more };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const all = ['--import', './src/db/fast-imports.ts', file, ...args];
    execFile(process.execPath, all, { cwd: root, env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}
const reset = (...args: string[]) => run('src/commands/reset-password.ts', args);

it('prints a link for somebody whom the hub knows, and keeps its hash only', async () => {
  const { code, out, err } = await reset('--email', ' ADA@example.com');
  expect([code, err]).toEqual([0, '']);
  const [, token] = /ada@example\.com[\s\S]*https:\/\/hub\.example\.com\/reset-password\/([\w-]{32})\n/.exec(out) ?? [];
  const rows = await running.db.system.execute(sql`select identifier, expires_at - now() as left from verifications`);
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(token);
  expect(await running.db.system.execute(sql`select kind from account_events`)).toEqual(
    expect.arrayContaining([{ kind: 'reset_link_made' }]),
  );
});

it('removes a second factor when asked to', async () => {
  const { code, out } = await reset('--email', 'ada@example.com', '--second-factor', 'remove');
  expect([code, out]).toEqual([0, expect.stringContaining('There was no second factor.')]);
  await running.db.system.execute(sql`
    insert into second_factors (user_id, secret_name, confirmed_at) select id, 'totp:1', now() from users`);
  expect((await reset('--email', 'ada@example.com', '--second-factor', 'remove')).out).toContain('is removed.');
  expect(await running.db.system.execute(sql`select from second_factors`)).toHaveLength(0);
  expect((await reset('--email', 'ada@example.com', '--second-factor', 'keep')).code).toBe(2);
});

it('says what is wrong', async () => {
  expect(await reset('--email', 'eve@example.com')).toEqual({
    code: 1,
    out: '',
    err: 'Nobody on this hub has the e-mail address eve@example.com.\n',
  });
  expect(await reset('--email', '')).toMatchObject({ code: 2, err: expect.stringContaining('EMAIL=') });
  expect((await reset('--mail', 'x')).code).toBe(2);
});
