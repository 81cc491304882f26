import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { freePort } from '../support/ports.ts';

const root = path.resolve(import.meta.dirname, '../..');
let child: ChildProcess;
let exit: Promise<unknown>;
let port: number;
let text = '';
/** How far above the hub's the ports of its stand-ins are. */
const standIns = Array.from({ length: 9 }, (_, index) => 1001 + index);

beforeAll(async () => {
  port = await freePort(standIns);
  child = spawn('node', ['--import', './src/db/fast-imports.ts', 'tests/sandbox/demo.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: String(port) },
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  exit = new Promise((resolve) => child.once('exit', resolve));
  await vi.waitUntil(() => child.exitCode !== null || text.includes('Ctrl-C'), { timeout: 90_000, interval: 200 });
}, 120_000);
afterAll(() => child?.kill('SIGTERM'));

it('starts the hub with stand-ins and a filled workspace', async () => {
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
  for (const name of ['Blog', 'X', 'LinkedIn', 'Medium'])
    expect(text).toMatch(new RegExp(`^  ${name} +published  https://`, 'm'));
});

// Not a second time: its names are taken then.
it('goes as the tutorial says', { timeout: 120_000, retry: 0 }, async () => {
  const steps = tutorialSteps();
  expect(steps.length).toBeGreaterThan(8);
  const script = steps.map(({ commands }) => `${commands}\necho '${mark}'\n`).join('');
  const dir = mkdtempSync(path.join(tmpdir(), 'patchbay-tutorial-'));
  try {
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: dir });
    const answers = stdout
      .replaceAll('\r', '')
      .split(`${mark}\n`)
      .map((answer) => answer.trim());
    expect(answers.slice(0, -1)).toEqual(steps.map(({ answer }) => expect.stringMatching(answer)));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

const mark = '--- the next step ---';

/** What docs/tutorial.md types, with the answers that it shows: `…` stands for anything. */
function tutorialSteps() {
  const tutorial = readFileSync(path.join(root, 'docs/tutorial.md'), 'utf8');
  return [...tutorial.matchAll(/^```sh\n(.*?)^```\n\n```text\n(.*?)^```$/gms)].map(([, commands = '', shown = '']) => ({
    commands: commands
      .replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`)
      .replaceAll('127.0.0.1:4001', `127.0.0.1:${port + 1001}`),
    answer: new RegExp(`^${shown.trim().split('…').map(RegExp.escape).join('.*')}$`, 's'),
  }));
}

it('prints lines to be tried that can be tried, and leaves nothing behind', async () => {
  for (const [, url, body] of text.matchAll(/^curl -X POST http:\/\/127\.0\.0\.1:(\S+) -d '(.+)'$/gm))
    expect((await ask(url ?? '', JSON.parse(body ?? ''))).ok).toBe(true);
  child.kill('SIGINT');
  expect(await exit).toBe(0);
  await expect(ask(`${port}/healthz`)).rejects.toThrow('fetch failed');
  expect(existsSync(path.join(root, `.data/demo-${port}`))).toBe(false);
}, 60_000);

const ask = (address: string, body: unknown = null, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${address}`, {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'content-type': 'application/json', ...headers } : headers,
    body: body ? JSON.stringify(body) : undefined,
  });
