import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Ctx, requirePerson } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  deleteOtherSessionsOf,
  deleteSessionOf,
  type OwnSessionRow,
  renameUser,
  renewSession,
  replacePassword,
  selectPasswordHash,
  selectSessionsOf,
} from '../../db/queries/account.ts';
import type { AccountEventRow } from '../../db/queries/account-events.ts';
import { actForTenant, selectTenantIdsOf } from '../../db/queries/identity.ts';
import { isUuid } from '../../db/queries/text.ts';
import { AppError, invalid } from '../../errors.ts';
import { hashPassword, verifyPassword } from '../../lib/passwords.ts';
import { recordAudit } from '../audit.ts';
import { accountHistory, type Caller, recordAccountEvent } from '../brokers/account-history.ts';
import { limitGuesses } from '../connectors/guesses.ts';
import { endTokensOf } from './one-time-tokens.ts';
import { cleaned, nameProblem, passwordProblem } from './person-input.ts';
import { idleSeconds } from './sessions.ts';

/** The request's own session, and where it comes from. */
export interface Here extends Caller {
  sessionId: string;
}

export interface Account {
  sessions: (OwnSessionRow & { current: boolean })[];
  history: AccountEventRow[];
  hasPassword: boolean;
}

/** Everything about the account of the person who asks, and about no other. */
export async function showAccount(ctx: Ctx, { sessionId }: Pick<Here, 'sessionId'>): Promise<Account> {
  const { hub, userId } = self(ctx);
  const [sessions, history, hash] = await Promise.all([
    selectSessionsOf(hub.db.system, userId, idleSeconds),
    accountHistory(hub, userId),
    selectPasswordHash(hub.db.system, userId),
  ]);
  return {
    sessions: sessions.map((each) => ({ ...each, current: each.id === sessionId })),
    history: history.data,
    hasPassword: hash !== null,
  };
}

/** The history of the account of the person who asks. @throws AppError forbidden for an API key, invalid_input for `cursor` */
export function listAccountHistory(ctx: Ctx, query: { limit?: number; cursor?: string }) {
  const { hub, userId } = self(ctx);
  return accountHistory(hub, userId, query);
}

/**
 * Changes one's own name, which every workspace of the person shows: each gets an audit event.
 * @throws AppError invalid_input for `name`
 */
export async function renameSelf(ctx: Ctx, here: Here, input: { name: unknown }): Promise<void> {
  const { hub, userId } = self(ctx);
  const name = cleaned(input.name);
  const problem = nameProblem(name, 'your name');
  if (problem) throw invalid({ name: [problem] });
  await hub.db.system.transaction(async (tx) => {
    const before = await renameUser(tx, userId, name);
    if (before === null) return;
    await recordAccountEvent(tx, userId, 'renamed', here);
    const subject = { type: 'member', id: userId, name };
    await auditEverywhere(tx, ctx, userId, { action: 'member.renamed', subject, details: { before } });
  });
}

/**
 * Changes one's own password. All other sessions and every link to reset it end, and the session that asked gets another id.
 * @returns the token of the session from now on
 * @throws AppError invalid_input for `current_password` and `new_password`, rate_limited, conflict
 */
export async function changePassword(
  ctx: Ctx,
  here: Here,
  input: { current_password: unknown; new_password: unknown },
): Promise<{ token: string }> {
  const { hub, userId } = self(ctx);
  const [current, next] = [text(input.current_password), text(input.new_password)];
  const problem = next && next === current ? 'Choose another password than the one you have.' : passwordProblem(next);
  if (problem) throw invalid({ new_password: [problem] });
  const before = await requirePassword(ctx, current);
  const after = await hashPassword(next); // before the transaction: it takes 100 ms
  const renewed = { id: uuidv7(), token: randomBytes(24).toString('base64url') };
  await hub.db.system.transaction(async (tx) => {
    if (!(await replacePassword(tx, userId, before, after))) throw changedMeanwhile();
    if (!(await renewSession(tx, here.sessionId, renewed))) throw changedMeanwhile();
    await deleteOtherSessionsOf(tx, userId, renewed.id);
    await endTokensOf(tx, userId);
    await recordAccountEvent(tx, userId, 'password_changed', here);
  });
  return renewed;
}

/**
 * Ends one session of the person who asks.
 * @throws AppError not_found for a session that is not theirs or has ended
 */
export async function endSession(ctx: Ctx, here: Here, sessionId: string): Promise<void> {
  const { hub, userId } = self(ctx);
  await hub.db.system.transaction(async (tx) => {
    if (!isUuid(sessionId) || !(await deleteSessionOf(tx, userId, sessionId))) throw noSession();
    await recordAccountEvent(tx, userId, 'session_ended', here);
  });
}

/** Ends all sessions of the person who asks, the one that asks included. */
export async function endAllSessions(ctx: Ctx, here: Here): Promise<void> {
  const { hub, userId } = self(ctx);
  await hub.db.system.transaction(async (tx) => {
    await deleteOtherSessionsOf(tx, userId, null);
    await recordAccountEvent(tx, userId, 'all_sessions_ended', here);
  });
}

/**
 * Asks for the password of the person who asks once more.
 * @returns its hash
 * @throws AppError invalid_input for `current_password`, rate_limited, conflict for somebody without a password
 */
export async function requirePassword(ctx: Ctx, password: string): Promise<string> {
  const { hub, userId } = self(ctx);
  const hash = await selectPasswordHash(hub.db.system, userId);
  if (hash === null)
    throw new AppError('conflict', 'Your account has no password. Ask your operator for a link to set one.');
  const limits = [{ key: `password:${userId}`, rate: 5, per: 60 }];
  await limitGuesses(hub, limits, 'enter your password', async () => {
    const problem = password ? 'This is not your current password.' : 'Enter your current password.';
    if (!password || !(await verifyPassword({ hash, password }))) throw invalid({ current_password: [problem] });
  });
  return hash;
}

async function auditEverywhere(tx: Tx, ctx: Ctx, userId: string, event: Parameters<typeof recordAudit>[2]) {
  for (const tenantId of await selectTenantIdsOf(tx, userId)) {
    await actForTenant(tx, tenantId);
    await recordAudit(tx, { ...ctx, tenantId }, event);
  }
}

/** The person who asks. @throws AppError forbidden for anybody but a person who is signed in */
export function self(ctx: Ctx) {
  requirePerson(ctx, 'change an account');
  if (ctx.actor.type !== 'user' || !ctx.actor.id) throw new Error('An account belongs to a person.');
  return { hub: ctx.hub, userId: ctx.actor.id };
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

const changedMeanwhile = () =>
  new AppError('conflict', 'Your password was changed from somewhere else in the meantime. Sign in again.');
const noSession = () => new AppError('not_found', 'This session does not exist or has ended already.');
