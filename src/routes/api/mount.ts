import type { Context, Hono } from 'hono';
import { requireRole } from '../../context.ts';
import { type Answer, answerOnce, knowingWhatStays } from '../../services/tools/idempotency.ts';
import type { Env } from '../env.ts';
import { problemFor } from '../errors.ts';
import { requireScope } from '../middleware/api-key.ts';
import { ctxOf } from '../middleware/session.ts';
import type { Mounted } from './operation.ts';
import { readInput } from './read-input.ts';

/** Routes an operation: read and validate, call the verb, answer. POST honours Idempotency-Key. */
export function mount(app: Hono<Env>, { operation, handle }: Mounted) {
  app.on(operation.method.toUpperCase(), operation.path, async (c) => {
    requireScope(c, operation.scope);
    const input = await readInput(c, operation).catch((error: unknown) => {
      // Who may not do it in any case is told that, and not how to ask for it rightly.
      if (operation.role !== 'public') requireRole(ctxOf(c), operation.role, 'do this');
      throw error;
    });
    const answer = async (): Promise<Response> => {
      // A handler may say 200 where it found what it was to make.
      if (operation.status !== 'service') c.status(operation.status);
      const data = await handle(c, input);
      if (data instanceof Response) return data;
      return data === null ? c.body(null, 204) : c.json(data as object);
    };
    const run = operation.method === 'post' ? () => knowingWhatStays(answer) : answer;
    const takesKey = operation.method === 'post' && operation.role !== 'public' && operation.status !== 'service';
    const key = takesKey ? c.req.header('idempotency-key') : undefined;
    if (key === undefined) return run();
    const asked = JSON.stringify([c.req.param(), c.req.queries(), input.rawBody]);
    const request = { route: `POST ${operation.path}`, key, asked };
    return replayable(c, await answerOnce(ctxOf(c), request, () => captured(c, run)));
  });
}

/** An expected failure is an answer too: the same key gets it again. */
async function captured(c: Context<Env>, run: () => Promise<Response>) {
  const response = await run().catch((error: unknown) => problemFor(c, error));
  return {
    status: response.status,
    body: await response.text(),
    contentType: response.headers.get('content-type') ?? '',
    location: response.headers.get('location') ?? undefined,
  };
}

function replayable(c: Context<Env>, answer: Answer & { replayed: boolean }) {
  if (answer.replayed) c.header('Idempotent-Replayed', 'true');
  if (answer.location) c.header('Location', answer.location);
  if (answer.contentType) c.header('Content-Type', answer.contentType);
  return answer.body ? c.body(answer.body, answer.status as 200) : c.body(null, answer.status as 204);
}
