import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Request } from './load.ts';

export interface Answered {
  /** Milliseconds from the first request to the moment at which this one was due. */
  due: number;
  /** Milliseconds from the moment at which it was due, sent or not, to the end of its answer. */
  ms: number;
  /** 0 when there was no answer. */
  status: number;
  retryAfter: string | null;
}

interface Options {
  perSecond: number;
  seconds: number;
  /** More than can be under way at once, or requests wait here in place of there. */
  connections?: number;
}

/**
 * Sends requests at a fixed rate, whatever becomes of those before. What comes late, here or there, counts from when it was due: a server
 * that stalls is asked all the same, and every request of that time tells of it.
 */
export async function openLoop(
  origin: string,
  { perSecond, seconds, connections = 1_000 }: Options,
  requestOf: (index: number) => Request,
): Promise<Answered[]> {
  const pool = new Pool(origin, { connections, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const total = Math.round(perSecond * seconds);
  const started = performance.now();
  const since = () => performance.now() - started;
  const one = async (index: number): Promise<Answered> => {
    const due = (index * 1_000) / perSecond;
    const { method = 'GET', status: _, ...request } = requestOf(index);
    try {
      const { statusCode: status, headers, body } = await pool.request({ method, ...request });
      await body.dump({ limit: 10_000_000 });
      return { due, ms: since() - due, status, retryAfter: (headers['retry-after'] as string | undefined) ?? null };
    } catch {
      return { due, ms: since() - due, status: 0, retryAfter: null };
    }
  };
  const running: Promise<Answered>[] = [];
  while (running.length < total) {
    const dueNow = Math.min(total, Math.floor((since() * perSecond) / 1_000) + 1);
    while (running.length < dueNow) running.push(one(running.length));
    await sleep(1);
  }
  const answers = await Promise.all(running);
  await pool.close();
  return answers;
}
