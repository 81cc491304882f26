import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedDatabase, startDatabase } from '../../src/db/start.ts';
import { createLog } from '../../src/lib/log.ts';
import { temporaryDirectory } from '../support/postgres.ts';

const root = path.resolve(import.meta.dirname, '../..');
const password = 'correct horse battery';
let dataDir: string;
let running: StartedDatabase;

// A hub that runs on its embedded server, as far as the database goes.
beforeAll(async () => {
  dataDir = temporaryDirectory('tenant');
  running = await startDatabase({ dataDir, databaseUrl: null, databaseAdminUrl: null }, createLog('silent'));
});
afterAll(async () => {
  await running.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** What `make tenant` runs; the password never stands among the arguments. */
function makeTenant(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const all = ['--import', './src/db/fast-imports.ts', 'src/commands/tenant.ts', ...args];
  const options = { cwd: root, env: { PATH: process.env.PATH, DATA_DIR: dataDir, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, all, options, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

const tenants = async () =>
  (await running.db.system.execute<{ name: string }>(sql`select name from organizations order by created_at`)).map(
    ({ name }) => name,
  );

describe('make tenant', () => {
  it('makes a workspace beside a hub that runs, and leaves its database up', async () => {
    const name = `Ada's "place" $HOME`;
    const made = await makeTenant(['--name', name, '--email', 'ada@example.com'], { PASSWORD: password });
    expect(made).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(
        /^Made the workspace "Ada's "place" \$HOME" \([0-9a-f-]{36}\)\. Its owner is ada@example\.com\.\n$/,
      ),
    });
    await running.db.ping();
    expect(await tenants()).toEqual([name]);
  });

  it('says that a person who was there keeps their password', async () => {
    await makeTenant(['--name', 'One', '--email', 'cleo@example.com'], { PASSWORD: password });
    const again = await makeTenant(['--name', 'Two', '--email', 'cleo@example.com'], { PASSWORD: 'another password' });
    expect(again.code).toBe(0);
    expect(again.out).toContain('This person was here already and keeps their password.');
  });

  it('names what is wrong by its variable, on lines of its own, and never the password', async () => {
    const before = await tenants();
    const refused = await makeTenant(['--name', '', '--email', 'ada'], { PASSWORD: 'elevenchars' });
    expect(refused).toEqual({
      code: 2,
      out: '',
      err: 'NAME: Enter a name for the workspace.\nEMAIL: Enter a full e-mail address, such as ada@example.com.\nPASSWORD: Use at least 12 characters.\n',
    });
    expect(await tenants()).toEqual(before);
  });

  it.each([[[]], [['--unknown', 'x']]])('explains itself when it is called with %j', async (args) => {
    const { code, out, err } = await makeTenant(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^(Usage: make tenant|Unknown option)/);
  });

  it('refuses a bad configuration with one sentence', async () => {
    const refused = await makeTenant(['--name', 'A', '--email', 'ada@example.com'], {
      PASSWORD: password,
      LOG_LEVEL: 'loud',
    });
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/^LOG_LEVEL must be one of .*\n$/);
  });
});
