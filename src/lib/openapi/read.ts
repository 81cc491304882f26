import { Worker } from 'node:worker_threads';
import { OpenApiError } from './document.ts';
import { type OpenApiReading, openApiLimits } from './operation.ts';
import type { Answer } from './worker.ts';

export { OpenApiError } from './document.ts';
export * from './operation.ts';

let last: Promise<unknown> = Promise.resolve();

/**
 * Reads an OpenAPI document that somebody else wrote, JSON or YAML, beside the main thread: one after the other, each in a worker
 * with little memory that is ended at the deadline.
 * @throws OpenApiError with a sentence for people
 */
export function readOpenApi(text: string, { deadlineMs = 30_000 } = {}): Promise<OpenApiReading> {
  if (Buffer.byteLength(text) > openApiLimits.bytes)
    return Promise.reject(new OpenApiError('The document is larger than 5 MB.'));
  const turn = last.then(() => read(text, deadlineMs));
  last = turn.catch(() => undefined);
  return turn;
}

async function read(text: string, deadlineMs: number): Promise<OpenApiReading> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 4 },
    execArgv: [],
  });
  const answer = await new Promise<Answer>((resolve) => {
    const refuse = () => resolve({ reason: 'The document takes too long or too much memory to read.' });
    const timer = setTimeout(refuse, deadlineMs);
    worker
      .once('message', resolve)
      .once('error', refuse)
      .once('exit', () => clearTimeout(timer))
      .postMessage(text);
  });
  await worker.terminate();
  if ('reading' in answer) return answer.reading;
  throw new OpenApiError(answer.reason);
}
