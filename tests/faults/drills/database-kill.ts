import { setTimeout as sleep } from 'node:timers/promises';
import { type Drill, demand } from '../drill.ts';
import { openWriting, settleWriting } from '../writing.ts';

const kinds = ['backend', 'postmaster', 'everything'] as const;

export const drill: Drill = {
  name: 'database-kill',
  promise:
    'PostgreSQL dies at any moment under changes: nothing acknowledged is lost, nothing is half done, the hub stays up',
  target: '0 lost, 0 half done, 0 twice, 0 uncaught, no caller waits over 10 s, ready within 5 s after the database',
  rounds: 25,
  limitS: (rounds) => 240 + rounds * 15,
  async run(given) {
    const { say, random, rounds } = given;
    const writing = await openWriting(given);
    const { site, hub, ledger } = writing;
    const recoveries: number[] = [];
    let kills = 0;
    for (let round = 0; round < rounds && hub.isAlive(); round++) {
      await sleep(50 + random() * 500);
      const killed = site.killServer(kinds[round % 3] ?? 'everything', random);
      kills += 1;
      await sleep(random() * 300);
      await site.reviveServer();
      const back = performance.now();
      const served = ledger.acknowledged;
      while (ledger.acknowledged === served && performance.now() - back < 20_000) await sleep(5);
      const recovery = performance.now() - back;
      recoveries.push(recovery);
      say(
        `${round + 1}/${rounds} ${killed}: a change is saved after ${Math.round(recovery)} ms, ${ledger.acknowledged} acknowledged`,
      );
    }
    const outcome = await settleWriting(writing, { kills, recoveries });
    const defects = hub.defects();
    outcome.figure.uncaught = defects.length;
    demand(outcome.misses, hub.isAlive(), `The hub ended: ${hub.output().slice(-1_000)}`);
    demand(outcome.misses, defects.length === 0, `The hub caught nothing of this: ${defects[0]}`);
    return outcome;
  },
};
