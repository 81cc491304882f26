import { execFile } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startWordpress } from '../sandbox/publishing.ts';

// The program that tests a real site, on the stand-in: that it passes there, and that it sees what is broken.

let site: StandIn;
beforeAll(async () => {
  site = await startWordpress();
});
afterAll(() => site.close());

const { username, password } = demo.wordpress;

const run = (env: Record<string, string>) =>
  new Promise<{ code: number; text: string }>((resolve) => {
    execFile(
      'node',
      ['--import', './src/db/fast-imports.ts', 'tests/real/wordpress.ts'],
      { cwd: path.resolve(import.meta.dirname, '../..'), env: { PATH: process.env.PATH, ...env } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), text: out + err }),
    );
  });
const test = (more: Record<string, string> = {}) =>
  run({ WORDPRESS_URL: site.url, WORDPRESS_USER: username, WORDPRESS_APP_PASSWORD: password, ...more });

const deleted = async () => (await site.control.requests()).filter(({ method }) => method === 'DELETE').length;

it('says that it was skipped, and how to run it', async () => {
  const { code, text } = await run({ WORDPRESS_URL: site.url });
  expect([code, text]).toEqual([0, expect.stringMatching(/^skipped: set WORDPRESS_URL, WORDPRESS_USER and/)]);
});

it('passes on a site that works, and leaves nothing there', async () => {
  const { code, text } = await test();
  expect(text.split('\n').map((line) => line.split(':')[0])).toEqual([
    'ok    health',
    'ok    account',
    'ok    publish',
    'ok    read back',
    'ok    delete',
    '',
  ]);
  expect(code).toBe(0);
  expect(await deleted()).toBe(1);
});

it('fails on a wrong password without telling it, on a right that is missing, and on a list that is broken', async () => {
  const wrong = await test({ WORDPRESS_APP_PASSWORD: 'aaaa bbbb cccc dddd eeee ffff' });
  expect([wrong.code, wrong.text]).toEqual([1, expect.stringMatching(/^FAIL {2}health: .*not currently logged in/i)]);
  expect(wrong.text).not.toContain('aaaa');

  await site.control.fault('status', { path: '/wp-json/wp/v2/posts', method: 'GET', status: 404 });
  const broken = await test();
  expect([broken.code, broken.text]).toEqual([1, expect.stringMatching(/\nFAIL {2}read back: /)]);
  await site.control.clearFaults();
  expect(await deleted()).toBe(2); // what was published before is gone all the same
});
