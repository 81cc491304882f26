import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Recent } from '../../src/db/recent.ts';

const lengthOf = (text: string) => text.length;

it('drops all that is over when something else is read', async () => {
  const recent = new Recent();
  const read = (key: string) => recent.read(key, 'tenant', async () => `value of ${key}`, lengthOf);
  for (let n = 0; n < 100; n += 1) await read(`key ${n}`);
  await sleep(600);
  await read('another');
  expect(recent.held).toEqual({ entries: 1, characters: 'value of another'.length });
});

it('keeps so many and so much only, and counts what it lets go of', async () => {
  const recent = new Recent();
  const large = 'x'.repeat(10 * 1024 * 1024);
  for (let n = 0; n < 50; n += 1) await recent.read(`large ${n}`, 'tenant', async () => large, lengthOf);
  expect(recent.held.characters).toBeLessThanOrEqual(32 * 1024 * 1024);
  expect(recent.held.characters).toBe(recent.held.entries * large.length);
  await recent.read('too large', 'tenant', async () => large.repeat(4), lengthOf);
  expect(recent.held).toEqual({ entries: 0, characters: 0 });
  for (let n = 0; n < 6_000; n += 1) void recent.read(`small ${n}`, 'tenant', async () => 'x', lengthOf);
  await recent.read('last', 'tenant', async () => 'x', lengthOf);
  expect(recent.held.entries).toBeLessThanOrEqual(5_000);
});

it('does not count what failed, was null, or was written about since', async () => {
  const recent = new Recent();
  await recent.read(
    'null',
    'tenant',
    async () => null,
    () => 5,
  );
  await recent
    .read(
      'failed',
      'tenant',
      () => Promise.reject(new Error('no')),
      () => 5,
    )
    .catch(() => {});
  expect(recent.held).toEqual({ entries: 0, characters: 0 });
  const read = () => recent.read('key', 'tenant', async () => 'value', lengthOf);
  await read();
  recent.changed('tenant');
  await read();
  expect(recent.held).toEqual({ entries: 1, characters: 5 });
});
