import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createForeignSchemas } from '../../../src/lib/schema/foreign.ts';
import { hostileSchemas } from './hostile-schemas.ts';

// A process of its own, so that nothing else is on its main thread: prints one JSON line about 200 hostile schemas.

const foreign = createForeignSchemas();
await foreign.check('{"type":"object","properties":{"a":{"type":"string"}}}');
await foreign.check('[');
const texts = hostileSchemas(200);
await pause(200);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const accepted: string[] = [];
let busiestMs = 0;
for (const text of texts) {
  const before = process.threadCpuUsage();
  const reasons = await foreign.check(text);
  const { user, system } = process.threadCpuUsage(before);
  busiestMs = Math.max(busiestMs, (user + system) / 1000);
  if (!reasons.length || reasons.some((reason) => !reason.trim())) accepted.push(text.slice(0, 200));
  await pause(1);
}
delay.disable();
const stallMs = delay.max / 1e6;
const pollution = Object.keys(Object.prototype).concat(Object.keys(Array.prototype));
process.stdout.write(JSON.stringify({ count: texts.length, accepted, stallMs, busiestMs, pollution }));
await foreign.close();
