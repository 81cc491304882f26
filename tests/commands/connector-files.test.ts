import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/app.ts';
import { runCommand } from '../support/processes.ts';
import { runningHub } from './rotation.ts';

const canary = 'cana ryab cdef ghij 7391 zzzz';
let started: Awaited<ReturnType<typeof runningHub>>;
let file: string;
beforeAll(async () => {
  started = await runningHub('connector-files');
  file = path.join(started.dataDir, 'patchbay.yaml');
}, 120_000);
afterAll(async () => {
  await started.hub.stop();
  await started.close();
});

const run = async (command: string, args: string[], env: Record<string, string> = { BLOG_PASSWORD: canary }) => {
  const done = await runCommand(`src/commands/${command}.ts`, { args, env: { DATA_DIR: started.dataDir, ...env } });
  expect(done.out + done.err).not.toContain(canary);
  return done;
};
const described = `version: 1
tenant: northwind
connectors:
  press:
    entry: wordpress
    name: Press
    config: { site_url: https://press.example.com }
    auth: { method: basic, username: editor, password: { env: BLOG_PASSWORD } }
`;

describe('make plan, apply and export beside a hub that runs', { timeout: 180_000 }, () => {
  it('say by their exit codes and in words what would change, what did, and that nothing is left', async () => {
    writeFileSync(file, described);
    const planned = await run('plan', ['--file', file, '--tenant', '', '--prune', '']);
    expect(planned).toMatchObject({ code: 2, err: '' });
    expect(planned.out).toBe(
      'press (Press)\n  create         config.site_url, auth.method, auth.username, auth.password\n  activate\n1 to change, 0 as described.\nmake apply does this.\n',
    );
    const both = await Promise.all([run('apply', ['--file', file]), run('apply', ['--file', file])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(({ out }) => out.includes('Nothing to change.')).toSorted()).toEqual([false, true]);
    expect(await run('plan', ['--file', file])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nothing to change.'),
    });
    const { data } = (await (await started.client.as('GET', '/api/installed')).json()) as Json;
    expect(data.find(({ handle }: Json) => handle === 'press')).toMatchObject({ status: 'active', managed_by: 'file' });
  });

  it('fail with 1 and every problem by line', async () => {
    const missing = await run('plan', ['--file', file], {});
    expect(missing).toMatchObject({ code: 1, out: '' });
    expect(missing.err).toBe(
      `${file}:8: /connectors/press/auth/password: The variable BLOG_PASSWORD is not set. Set it where this is applied.\n`,
    );
    expect(await run('plan', [])).toMatchObject({ code: 1, err: expect.stringContaining('Usage: make plan') });
    expect(await run('apply', ['--file', file, '--tenant', 'nobody'])).toMatchObject({
      code: 1,
      err: 'There is no workspace nobody. Write its short name, its name or its id.\n',
    });
  });

  it('write a file that can be applied, and over none', async () => {
    const target = path.join(started.dataDir, 'export.yaml');
    expect(await run('export', ['--tenant', 'Northwind', '--file', target])).toMatchObject({ code: 0, err: '' });
    const text = readFileSync(target, 'utf8');
    expect(text).toContain('CONNECTOR_COMPANY_BLOG_PASSWORD');
    expect(await run('export', ['--tenant', 'Northwind', '--file', target])).toMatchObject({
      code: 2,
      err: expect.stringContaining('is there already'),
    });
    expect((await run('export', ['--tenant', 'Northwind', '--file', ''])).out).toBe(text);
    const secrets = {
      CONNECTOR_PRESS_PASSWORD: canary,
      CONNECTOR_COMPANY_BLOG_PASSWORD: 'abcd efgh ijkl mnop qrst uvwx',
    };
    const planned = await run('plan', ['--file', target], secrets);
    expect(planned.out).toContain('company-blog (Company blog)\n  adopt\n1 to change, 1 as described.');
  });
});
