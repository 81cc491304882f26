import { expect, it } from 'vitest';
import { unlessBusy } from './unless-busy.ts';

it.each([
  ['what is there at once', [200, 500], 200, 1],
  ['what comes after a while', [503, 503, 200], 200, 3],
  ['another refusal as it is', [401, 200], 401, 1],
  ['that it stayed busy, in the end', [503, 503, 503, 503, 200], 503, 4],
])('tells %s', async (_, statuses, expected, asked) => {
  let times = 0;
  const answer = await unlessBusy(async () => new Response('x', { status: statuses[times++] }), {
    tries: 4,
    pauseMs: 1,
  });
  expect([answer.status, await answer.text(), times]).toEqual([expected, 'x', asked]);
});
