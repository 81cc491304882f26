import { expect, it } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/lib/passwords.ts';
import { turns } from '../../src/lib/turns.ts';

const options = { atOnce: 2, mayWait: 3, message: 'Too many.', retryAfter: 5 };

/** Work that ends when it is told to, and says how much of it runs. */
function work() {
  const ends: (() => void)[] = [];
  const order: number[] = [];
  let most = 0;
  let running = 0;
  const run = (number: number) => async () => {
    order.push(number);
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running -= 1;
    return number;
  };
  return { run, order, most: () => most, endOne: () => ends.shift()?.() };
}

it('runs a few at once, the rest in order, and refuses who comes after them', async () => {
  const inTurn = turns(options);
  const { run, order, most, endOne } = work();
  const results = Array.from({ length: 6 }, (_, number) => inTurn(run(number)).catch((error) => error));
  expect(order).toEqual([0, 1]);
  expect(await results[5]).toMatchObject({ code: 'unavailable', message: 'Too many.', retryAfter: 5 });
  for (let i = 0; i < 5; i++) {
    endOne();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await Promise.all(results.slice(0, 5))).toEqual([0, 1, 2, 3, 4]);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(most()).toBe(2);
});

it('gives a place back when work fails', async () => {
  const inTurn = turns({ ...options, atOnce: 1, mayWait: 0 });
  for (let i = 0; i < 3; i++) await expect(inTurn(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await inTurn(async () => 'works')).toBe('works');
});

it('hashes passwords with a salt each, and tells right from wrong', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse battery'), hashPassword('correct horse battery')]);
  expect(one).not.toBe(two);
  const verify = (password: string) => verifyPassword({ hash: one, password });
  expect(await verify('correct horse battery')).toBe(true);
  for (const wrong of [
    '',
    'correct horse batterx',
    'Correct horse battery',
    'correct horse battery\0',
    'correct horse battery ',
  ])
    expect(await verify(wrong)).toBe(false);
});
