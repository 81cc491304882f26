import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import type { Fault, FaultName } from './control.ts';
import type { FrontEnv } from './front.ts';
import { parseObject } from './journal.ts';

type C = Context<FrontEnv>;
/** Answers in place of the service, or asks it by `next` and spoils what comes back. */
export type FaultEffect = (c: C, fault: Fault, next: () => Promise<void>) => Promise<Response | undefined>;
export type FaultEffects = Partial<Record<FaultName, FaultEffect>>;

/** Metadata addresses are what a redirect must never lead a client to. */
const metadataAddress = 'http://169.254.169.254/latest/meta-data/';

/** What can go wrong anywhere; a service adds its own ways. */
export const commonFaults: FaultEffects = {
  status: async (_c, { status = 500, headers = {}, body = { message: 'Server Error' } }) =>
    typeof body === 'string' ? new Response(body, { status, headers }) : Response.json(body, { status, headers }),
  html: async (_c, { status = 200 }) =>
    new Response('<!doctype html><title>Maintenance</title><h1>We will be right back</h1>', {
      status,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    }),
  error_in_200: async (_c, { body }) =>
    Response.json(body ?? { error: 'invalid_grant', error_description: 'The grant is not valid any more.' }),
  hang: (c) => new Promise((resolve) => c.env.incoming.socket.once('close', () => resolve(new Response(null)))),
  drop: async (c) => cut(c),
  lose_answer: async (c, _fault, next) => {
    await next();
    return cut(c);
  },
  slow: async (_c, { delay_ms = 3000 }, next) => {
    await sleep(delay_ms);
    await next();
    return undefined;
  },
  redirect: async (_c, { location = metadataAddress, status = 302 }) =>
    new Response(null, { status, headers: { location } }),
  huge: async (_c, { bytes = 100 * 1024 * 1024 }) =>
    new Response(filler('{"access_token":"', bytes), { headers: { 'content-type': 'application/json' } }),
  no_token_type: (c, _fault, next) =>
    rewrite(c, next, ({ token_type: _left, ...fields }) => Response.json(fields, { status: c.res.status })),
  form_encoded: (c, _fault, next) =>
    rewrite(c, next, (fields) => {
      const body = new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));
      return new Response(body, { status: c.res.status });
    }),
};

/** Cuts the connection without an answer. */
function cut(c: C): Response {
  c.get('entry').status = null;
  c.set('cut', true);
  c.env.incoming.socket.destroy();
  return new Response(null);
}

async function rewrite(c: C, next: () => Promise<void>, change: (fields: Record<string, unknown>) => Response) {
  await next();
  const changed = change(parseObject(await c.res.text()));
  c.res = undefined; // else the old answer's headers would be kept
  c.res = changed;
  return undefined;
}

const block = new Uint8Array(64 * 1024).fill(0x78);

/** A body that never ends before `bytes`, made only as fast as it is read. */
function filler(start: string, bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(start)),
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(block.subarray(0, Math.min(left, block.length)));
      left -= block.length;
    },
  });
}

/** The faults in force; each is used up by the requests that it matches. */
export class FaultPlan {
  private planned: Fault[] = [];

  add(fault: Fault) {
    this.planned.push(fault);
  }

  list(): Fault[] {
    return this.planned;
  }

  clear() {
    this.planned = [];
  }

  /** The first one that matches the request. */
  take(method: string, path: string): Fault | undefined {
    const fault = this.planned.find((each) => matches(each, method, path));
    if (fault?.times === undefined) return fault;
    fault.times -= 1;
    if (fault.times <= 0) this.planned = this.planned.filter((each) => each !== fault);
    return fault;
  }
}

function matches({ method, path }: Fault, asked: string, at: string): boolean {
  if (method && method.toUpperCase() !== asked) return false;
  if (!path) return true;
  return path.endsWith('*') ? at.startsWith(path.slice(0, -1)) : at === path;
}
