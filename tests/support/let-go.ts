import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Whether nothing holds on to a value any more once this work with it is done. */
export async function letsGo(work: (value: object) => unknown): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = await use(work);
  for (let tries = 0; tries < 50; tries++) {
    await sleep(10);
    collect();
    if (!used.deref()) return true;
  }
  return false;
}

async function use(work: (value: object) => unknown): Promise<WeakRef<object>> {
  const value = { password: 'x' };
  await work(value);
  return new WeakRef(value);
}
