import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { freePort } from '../support/ports.ts';

const root = path.resolve(import.meta.dirname, '../..');
let child: ChildProcess;

afterAll(() => child?.kill('SIGTERM'));

it('starts the hub with stand-ins and a filled workspace, and leaves nothing behind', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  child = spawn('node', ['--import', './src/db/fast-imports.ts', 'tests/sandbox/demo.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: String(port) },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(() => child.exitCode !== null || text.includes('Ctrl-C'), { timeout: 90_000 }).toBe(true);
  expect(text).toContain(`Open     http://127.0.0.1:${port}`);

  const { email, password } = demo.admin;
  const signIn = await ask(`${port}/api/auth/sign-in/email`, { email, password });
  const cookie = signIn.headers.getSetCookie().map((each) => each.split(';')[0]);
  const installed = await ask(`${port}/api/installed`, null, { cookie: cookie.join('; ') });
  const { data } = (await installed.json()) as { data: { name: string }[] };
  const names = [
    'Blog',
    'Build machine',
    'Composio',
    'GitHub',
    'LinkedIn',
    'Medium',
    'OpenAI',
    'Orders',
    'Release bot',
    'Slack',
    'X',
  ];
  expect(data.map(({ name }) => name).sort()).toEqual(names);
  // The lines that it prints to be tried can be tried.
  for (const [, url, body] of text.matchAll(/^curl -X POST http:\/\/127\.0\.0\.1:(\S+) -d '(.+)'$/gm))
    expect((await ask(url ?? '', JSON.parse(body ?? ''))).ok).toBe(true);

  child.kill('SIGINT');
  expect(await exit).toBe(0);
  await expect(ask(`${port}/healthz`)).rejects.toThrow('fetch failed');
  expect(existsSync(path.join(root, `.data/demo-${port}`))).toBe(false);
});

const ask = (address: string, body: unknown = null, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${address}`, {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'content-type': 'application/json', ...headers } : headers,
    body: body ? JSON.stringify(body) : undefined,
  });
