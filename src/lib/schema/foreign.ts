import { Worker } from 'node:worker_threads';
import type { FieldErrors } from '../../errors.ts';
import { readForeign } from './foreign-lint.ts';
import type { Answer, Question } from './foreign-worker.ts';

/** Compiles and applies schemas that others wrote, apart from the main thread. */
export interface ForeignSchemas {
  /** Why the schema, as JSON text, is refused; `[]` when it is fit to use. It never throws. */
  check(text: string): Promise<string[]>;
  /**
   * Messages by dotted path; `{}` when the value is valid.
   * @throws ForeignSchemaError when the schema is refused, or judging takes longer than the deadline
   */
  validate(text: string, value: unknown): Promise<FieldErrors>;
  close(): Promise<void>;
}

export class ForeignSchemaError extends Error {
  override name = 'ForeignSchemaError';
}

/**
 * One worker for all foreign schemas, started with the first question. Questions are answered one after the other, and one that
 * takes too long costs only itself: the worker is killed, and a new one answers the next.
 * @param options.deadlineMs for one question, without the start of the worker
 */
export function createForeignSchemas({ deadlineMs = 1000 } = {}): ForeignSchemas {
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const ask = (question: Question): Promise<Answer> => {
    const turn = last.then(async () => {
      worker ??= await start();
      const answer = await answerOf(worker, question, deadlineMs);
      if (answer) return answer;
      await worker.terminate();
      worker = undefined;
      return { reason: `It takes longer than ${deadlineMs} ms.` };
    });
    last = turn.catch(() => undefined);
    return turn;
  };

  return {
    async check(text) {
      const read = readForeign(text);
      if ('reasons' in read) return read.reasons;
      const answer = await ask({ text });
      return 'reason' in answer ? [answer.reason] : [];
    },
    async validate(text, value) {
      const read = readForeign(text);
      if ('reasons' in read) throw new ForeignSchemaError(read.reasons.join(' '));
      const answer = await ask({ text, value: JSON.stringify(value) ?? 'null' });
      if ('reason' in answer) throw new ForeignSchemaError(answer.reason);
      return answer.errors;
    },
    async close() {
      await last;
      await worker?.terminate();
      worker = undefined;
    },
  };
}

/** Small limits of memory: what needs more is no schema that a person wrote. It does not keep the process alive. */
async function start(): Promise<Worker> {
  const worker = new Worker(new URL('./foreign-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: 4 },
    execArgv: [],
  });
  worker.on('error', () => undefined);
  await new Promise((resolve, reject) => {
    worker.once('message', resolve); // online comes before its modules are loaded, which may take longer than a question
    worker.once('error', reject);
  });
  worker.unref();
  return worker;
}

/** Undefined when the deadline passes first, or the worker ends. */
function answerOf(worker: Worker, question: Question, deadlineMs: number): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const done = (answer?: Answer) => {
      clearTimeout(timer);
      worker.off('message', done).off('exit', ended);
      resolve(answer);
    };
    const ended = () => done();
    const timer = setTimeout(done, deadlineMs);
    worker.once('message', done).once('exit', ended).postMessage(question);
  });
}
