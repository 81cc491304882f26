import { v7 as uuidv7 } from 'uuid';
import { type Ctx, lowerRole, requirePerson, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type ApiKeyRow, findApiKey, insertApiKey, revokeKey, selectApiKeys } from '../../db/queries/api-keys.ts';
import { holdMembership } from '../../db/queries/members.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { hashApiKey, newApiKey, prefixOf } from '../../lib/api-key-format.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import type { Role } from '../../lib/role.ts';
import { withdrawOfKey } from '../approvals/approval-endings.ts';
import { recordAudit } from '../audit.ts';
import { mustFindModelConnector } from '../gateway/model-settings.ts';
import { withMembers } from '../people/with-members.ts';
import { checkApiKey, roleTooHigh } from './api-key-input.ts';

export { type KeyStatus, roleOfKey, statusOfKey } from './key-status.ts';

export interface ApiKeyInput {
  name: unknown;
  role: unknown;
  scopes: unknown;
  /** An instant in ISO 8601, or null for a key without an end. */
  expiresAt: unknown;
  /** The only connector that it may ask language models through; null for any. */
  modelConnectorId?: string | null;
  /** As the API takes them. */
  limits?: unknown;
}

/**
 * Makes a key for a program. The key is in this answer and nowhere else.
 * @param options.id the id that a form reserved when it opened: sending the form twice makes one key
 * @throws AppError forbidden, invalid_input by field, or conflict when the form was sent before
 */
export async function createApiKey(
  ctx: Ctx,
  input: ApiKeyInput,
  options: { id?: string } = {},
): Promise<{ row: ApiKeyRow; key: string }> {
  requirePerson(ctx, 'make API keys');
  requireRole(ctx, 'admin', 'make API keys');
  const checked = checkApiKey(ctx.actor, input);
  const key = newApiKey();
  const id = options.id ?? uuidv7();
  return withMembers(ctx, async (tx) => {
    const maker = await mustBelong(tx, ctx);
    if (lowerRole(maker.role, checked.role) !== checked.role) throw invalid({ role: [roleTooHigh(maker.role)] });
    const { actor, tenantId } = ctx;
    const bound = input.modelConnectorId
      ? await mustFindModelConnector(tx, ctx, input.modelConnectorId, 'model_connector_id')
      : null;
    const made = await insertApiKey(tx, {
      ...checked,
      modelConnectorId: bound?.id ?? null,
      tenantId,
      id,
      prefix: prefixOf(key),
      hash: hashApiKey(key),
      memberId: maker.id,
      createdBy: maker.userId,
      createdByName: actor.name,
    });
    if (!made) throw alreadyMade();
    await recordAudit(tx, ctx, {
      action: 'api_key.created',
      subject: { type: 'api_key', id, name: checked.name },
      details: {
        role: checked.role,
        scopes: checked.scopes,
        expires_at: checked.expiresAt?.toISOString() ?? null,
        ...(Object.keys(checked.limits).length && { limits: checked.limits }),
        ...(bound && { model_connector: bound.name }),
      },
    });
    return { row: await mustFind(tx, ctx, id), key };
  });
}

/** The workspace's keys, newest first, also those that have ended. @throws AppError forbidden */
export async function listApiKeys(ctx: Ctx, query: { limit?: number; cursor?: string }) {
  requirePerson(ctx, 'read API keys');
  requireRole(ctx, 'admin', 'see API keys');
  const limit = query.limit ?? 50;
  const beforeId = query.cursor ? (decodeCursor(query.cursor, 1)[0] ?? null) : null;
  const rows = await withMembers(ctx, (tx) => selectApiKeys(tx, ctx.tenantId, { beforeId, limit: limit + 1 }));
  return page(rows, limit, (row) => [row.id]);
}

/** @throws AppError forbidden, not_found */
export async function getApiKey(ctx: Ctx, id: string): Promise<ApiKeyRow> {
  requirePerson(ctx, 'read API keys');
  requireRole(ctx, 'admin', 'see API keys');
  return withMembers(ctx, (tx) => mustFind(tx, ctx, id));
}

/** Ends a key: the next request with it is refused. Ending it again changes nothing. @throws AppError forbidden, not_found */
export async function revokeApiKey(ctx: Ctx, id: string): Promise<ApiKeyRow> {
  requirePerson(ctx, 'revoke API keys');
  requireRole(ctx, 'admin', 'revoke API keys');
  return withMembers(ctx, async (tx) => {
    const row = await mustFind(tx, ctx, id);
    if (!(await revokeKey(tx, ctx.tenantId, id, ctx.actor.name))) return row;
    await withdrawOfKey(tx, ctx, id);
    await recordAudit(tx, ctx, { action: 'api_key.revoked', subject: { type: 'api_key', id, name: row.name } });
    return row;
  });
}

async function mustFind(tx: Tx, ctx: Ctx, id: string): Promise<ApiKeyRow> {
  const row = await findApiKey(tx, ctx.tenantId, id);
  if (!row) throw notFound('API key');
  return row;
}

/** The rights that count are those of this moment, not those that the request came with. */
async function mustBelong(tx: Tx, ctx: Ctx): Promise<{ id: string; userId: string; role: Role }> {
  const userId = ctx.actor.id;
  const membership = userId && (await holdMembership(tx, ctx.tenantId, userId));
  if (!userId || !membership)
    throw new AppError('forbidden', 'Only members of this workspace can make API keys. Ask an owner to add you.');
  return { ...membership, userId };
}

const alreadyMade = () =>
  new AppError(
    'conflict',
    'This form was sent before, and the key was made then. A key is shown only once: revoke it and make a new one if you have not copied it.',
  );
