import { createHmac, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import {
  claimKey,
  dueIdempotencyPurges,
  type IdempotencyRow,
  releaseKey,
  settleKey,
} from '../../db/queries/idempotency-keys.ts';
import { AppError } from '../../errors.ts';
import { tellPartly } from '../../lib/lasting.ts';
import { hubSecret, tenantKeys } from '../secrets/keyring.ts';

/** An answer as it went out, kept sealed for 24 hours. */
export interface Answer {
  status: number;
  body: string;
  contentType: string;
  /** Where what was made is; answers from before it was kept have none. */
  location?: string;
}

export interface IdempotentRequest {
  /** Method and path pattern, e.g. `POST /api/connectors`. */
  route: string;
  key: string;
  /** All that tells one request to this route from another: what stands for the pattern's names, the query, and the body. */
  asked: string;
}

/** A request that has not answered after this is taken for crashed; no request of ours runs longer. */
const inFlightSeconds = 60;

/**
 * Runs `work` once per (tenant, actor, route, key); later calls get the first one's answer.
 * @throws AppError idempotency_key_reused when something else is asked, request_in_flight while the first one runs,
 *   outcome_unknown when the first one died before its answer was kept: it is never run again
 */
export async function answerOnce(
  ctx: Ctx,
  request: IdempotentRequest,
  work: () => Promise<Answer>,
): Promise<Answer & { replayed: boolean }> {
  const { claimed, row } = await claim(ctx, request);
  if (!claimed) return { ...(await replay(ctx, row, request)), replayed: true };
  const answer = await work();
  const undone = answer.status === 429 || (answer.status === 503 && !answer.body.includes('"outcome_unknown"'));
  // The work is done or not done by now: an answer that cannot be kept goes out all the same.
  await (undone ? release(ctx, row.id) : settle(ctx, row.id, answer)).catch((error: unknown) =>
    ctx.log.error({ err: error }, 'the answer to an Idempotency-Key could not be kept'),
  );
  return { ...answer, replayed: false };
}

/**
 * Runs what changes something. When the database goes away after a part of it stays, “try again” would do that part twice.
 * @throws AppError outcome_unknown then, which a key keeps
 */
export const knowingWhatStays = <T>(work: () => Promise<T>): Promise<T> =>
  tellPartly(work, (cause) =>
    cause instanceof AppError && cause.code === 'unavailable'
      ? new AppError(
          'outcome_unknown',
          'The database went away in the middle: a part of this may be done. Look before you try again.',
          { retryAfter: cause.retryAfter, cause },
        )
      : (cause as Error),
  );

/** Keyed, because bodies hold secrets: of a plain hash, whoever reads the table could try passwords. */
async function digestOf({ hub }: Ctx, asked: string): Promise<string> {
  const key = await hubSecret(hub.db, hub.vault, 'idempotency_digest', () => randomBytes(32).toString('base64url'));
  return createHmac('sha256', key).update(asked).digest('hex');
}

async function claim(ctx: Ctx, { route, key, asked }: IdempotentRequest) {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new AppError(
      'malformed_request',
      'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces; a random UUID is a good choice.',
    );
  const bodyHash = await digestOf(ctx, asked);
  const actorId = ctx.actor.id ?? ctx.tenantId;
  return ctx.hub.db.asTenant(ctx.tenantId, (tx) =>
    claimKey(tx, { tenantId: ctx.tenantId, id: uuidv7(), actorId, route, key, bodyHash }),
  );
}

async function replay(ctx: Ctx, row: IdempotencyRow, request: IdempotentRequest): Promise<Answer> {
  if (row.bodyHash !== (await digestOf(ctx, request.asked)))
    throw new AppError(
      'idempotency_key_reused',
      'This Idempotency-Key was used for something else: another address or another body. Use a new key for a new request.',
    );
  if (row.sealedAnswer === null) {
    if (row.age < inFlightSeconds)
      throw new AppError(
        'request_in_flight',
        'The first request with this Idempotency-Key is still running. Ask again shortly.',
        { retryAfter: 2 },
      );
    throw new AppError(
      'outcome_unknown',
      'The first request with this Idempotency-Key broke off, and whether it took effect is not known. Look before you try again with a new key.',
    );
  }
  const sealed = row.sealedAnswer;
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId);
    return JSON.parse(ctx.hub.vault.open(keys, placeOf(ctx, row.id), sealed)) as Answer;
  });
}

function settle(ctx: Ctx, id: string, answer: Answer) {
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId);
    const sealedAnswer = ctx.hub.vault.seal(keys, placeOf(ctx, id), JSON.stringify(answer));
    await settleKey(tx, ctx.tenantId, id, { status: answer.status, sealedAnswer });
  });
}

const release = (ctx: Ctx, id: string) => ctx.hub.db.asTenant(ctx.tenantId, (tx) => releaseKey(tx, ctx.tenantId, id));

/** What a kept answer is bound to. */
const placeOf = (ctx: Pick<Ctx, 'tenantId'>, rowId: string) => ({
  tenantId: ctx.tenantId,
  table: 'idempotency_keys',
  rowId,
  field: 'sealed_answer',
});

/** Removes keys past their 24 hours, in all tenants; returns how many. */
export async function purgeIdempotencyKeys(hub: Hub): Promise<number> {
  const due = await dueIdempotencyPurges(hub.db.system, 1000);
  for (const { tenantId, id } of due) await hub.db.asTenant(tenantId, (tx) => releaseKey(tx, tenantId, id));
  return due.length;
}
