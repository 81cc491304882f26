import type { LlmTokens, Values } from '../../drivers/driver.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';

/** What was seen of an answer while it was handed on. */
export interface Seen {
  model: string | null;
  tokens: LlmTokens | null;
  /** When the first piece of the answer itself came; `performance.now()`. */
  firstAt: number | null;
  /** Characters of the answer itself. */
  characters: number;
}

export interface MeterOptions {
  tokensOf(event: Values): LlmTokens | null;
  /** Keeps back the event that only tells what was used: the caller did not ask for it. */
  hideUsage: boolean;
  /** Milliseconds between two pieces. */
  idleMs: number;
  /**
   * Called once, before the end is told: by an error when the stream broke, or its reader went away. What it gives is told last.
   */
  ended(seen: Seen, error: unknown): Promise<Uint8Array | undefined>;
}

/** Longer events are nobody's; they are passed on unread. */
const longestEvent = 1024 * 1024;

/**
 * Server-sent events, handed on byte by byte as they come and only as fast as they are read, and counted on the way.
 */
export function metered(body: ReadableStream<Uint8Array>, options: MeterOptions): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const seen: Seen = { model: null, tokens: null, firstAt: null, characters: 0 };
  let pending = '';
  let over = false;
  const end = async (error: unknown) => {
    if (over) return undefined;
    over = true;
    return options.ended(seen, error);
  };
  const next = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    const { done, value } = await inTime(reader, options.idleMs);
    // One character a byte: what is handed on is what came.
    pending += value ? Buffer.from(value).toString('latin1') : '';
    const at = done || pending.length > longestEvent ? pending.length : endOfLastEvent(pending);
    const ready = pending.slice(0, at);
    pending = pending.slice(at);
    const passed = events(ready)
      .filter((event) => !look(event, seen, options))
      .join('');
    if (passed) controller.enqueue(Buffer.from(passed, 'latin1'));
    if (!done) return passed !== '';
    const last = await end(null);
    if (last) controller.enqueue(last);
    controller.close();
    return true;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          while (!(await next(controller)));
        } catch (error) {
          void reader.cancel(error).catch(() => {});
          if (over) return; // its reader is gone, and nobody can be told
          const last = await end(error);
          controller.enqueue(failureEvent(error));
          if (last) controller.enqueue(last);
          controller.close();
        }
      },
      async cancel(reason) {
        void reader.cancel(reason).catch(() => {});
        await end(new OutboundError('cancelled', 'The caller went away before the answer was complete.', true));
      },
    },
    { highWaterMark: 0 },
  );
}

/** Within a stream there is no other way to tell it; clients of OpenAI throw what it says. */
function failureEvent(error: unknown): Uint8Array {
  const { code, message } = error instanceof OutboundError ? error : brokenOff(error);
  const told = { message, type: 'server_error', code: `network_${code}`, param: null };
  return Buffer.from(`data: ${JSON.stringify({ error: told })}\n\n`);
}

/** What broke a stream, when nobody else has put it into words. */
export const brokenOff = (cause: unknown) =>
  new OutboundError('broken_off', 'The connection broke off before the answer was complete.', true, cause);

async function inTime(reader: ReadableStreamDefaultReader<Uint8Array>, ms: number) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OutboundError('timeout', 'The service stopped answering.', true)), ms);
  });
  try {
    return await Promise.race([reader.read(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const boundary = /\r?\n\r?\n/g;

function endOfLastEvent(text: string): number {
  const last = [...text.matchAll(boundary)].at(-1);
  return last ? last.index + last[0].length : 0;
}

/** Each with the empty line that ends it. */
const events = (text: string): string[] => text.match(/[\s\S]*?(?:\r?\n\r?\n|$)/g)?.filter(Boolean) ?? [];

/** Notes what an event tells; true for one that is kept back. */
function look(event: string, seen: Seen, { tokensOf, hideUsage }: MeterOptions): boolean {
  const data = parsed(event);
  if (!data) return false;
  if (typeof data.model === 'string') seen.model = data.model;
  const tokens = tokensOf(data);
  seen.tokens = tokens ?? seen.tokens;
  const choices = Array.isArray(data.choices) ? (data.choices as Values[]) : [];
  const characters = choices.reduce((sum, choice) => sum + lengthOf(choice?.delta), 0);
  if (characters) seen.firstAt ??= performance.now();
  seen.characters += characters;
  return hideUsage && !!data.usage && Array.isArray(data.choices) && choices.length === 0;
}

function parsed(event: string): Values | null {
  const lines = event.split(/\r?\n/).flatMap((line) => (line.startsWith('data:') ? line.slice(5) : []));
  try {
    const value = JSON.parse(Buffer.from(lines.join('\n'), 'latin1').toString('utf8'));
    return typeof value === 'object' ? value : null;
  } catch {
    return null; // [DONE], a comment, or what is no event of ours
  }
}

/** Characters of all texts that the model wrote in this part of an answer. */
export function lengthOf(part: unknown): number {
  if (typeof part !== 'object' || part === null) return 0;
  return Object.entries(part).reduce((sum, [name, value]) => {
    if (['role', 'id', 'type', 'index'].includes(name)) return sum;
    return sum + (typeof value === 'string' ? value.length : lengthOf(value));
  }, 0);
}
