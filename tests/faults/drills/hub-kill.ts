import { setTimeout as sleep } from 'node:timers/promises';
import type { Drill } from '../drill.ts';
import { type HubProcess, untilReady } from '../hub-process.ts';
import { openWriting, settleWriting } from '../writing.ts';

export const drill: Drill = {
  name: 'hub-kill',
  promise:
    'The hub dies at any moment, also while it starts: the same, and what has an Idempotency-Key never runs twice',
  target: '0 lost, 0 half done, 0 twice, every message delivered, no caller waits over 10 s, ready within 5 s',
  rounds: 25,
  limitS: (rounds) => 300 + rounds * 20,
  async run(given) {
    const { say, random, rounds } = given;
    const writing = await openWriting(given);
    const { site, env, ledger } = writing;
    let { hub } = writing;
    const recoveries: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await sleep(200 + random() * 1_800);
      await hub.stop('SIGKILL');
      if (round % 5 === 4) await dieStarting(await site.launch(env), random() * 1_200);
      const started = performance.now();
      hub = await site.hub(env);
      await untilReady(hub.url);
      recoveries.push(performance.now() - started);
      say(
        `${round + 1}/${rounds}: up after ${Math.round(recoveries.at(-1) ?? 0)} ms, ${ledger.acknowledged} acknowledged`,
      );
    }
    return settleWriting(writing, { kills: rounds, recoveries });
  },
};

/** A start that is cut off somewhere. */
async function dieStarting(hub: HubProcess, afterMs: number): Promise<void> {
  await sleep(afterMs);
  await hub.stop('SIGKILL');
}
