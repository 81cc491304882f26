import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import {
  type AccountEventRow,
  deleteOldAccountEvents,
  insertAccountEvent,
  insertEventByEmail,
  selectAccountEvents,
} from '../../db/queries/account-events.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';

/** What is noted in the history of an account. */
export const accountEventKinds = [
  'signed_in',
  'sign_in_failed',
  'signed_in_by_provider',
  'provider_connected',
  'provider_refused',
  'renamed',
  'password_changed',
  'reset_link_made',
  'password_reset',
  'second_factor_added',
  'second_factor_removed',
  'recovery_code_used',
  'recovery_codes_renewed',
  'wrong_code',
  'session_ended',
  'all_sessions_ended',
] as const;

export type AccountEventKind = (typeof accountEventKinds)[number];

/** Where a request comes from, for the person to recognise. */
export interface Caller {
  ip: string | null;
  userAgent: string | null;
}

const keepDays = 90;

/** Adds to the history of a person's account, in the change's own transaction where there is one. */
export const recordAccountEvent = (db: Drizzle | Tx, userId: string, kind: AccountEventKind, caller: Caller) =>
  insertAccountEvent(db, { ...newEvent(kind, caller), userId });

/** The same for whoever has this e-mail address; nothing happens when nobody has. */
export const recordEventByEmail = (db: Drizzle, email: string, kind: AccountEventKind, caller: Caller) =>
  insertEventByEmail(db, email, newEvent(kind, caller));

/** The events of this person's account, newest first. @throws AppError invalid_input for `cursor` */
export async function accountHistory(
  { db }: Pick<Hub, 'db'>,
  userId: string,
  { limit = 50, cursor }: { limit?: number; cursor?: string } = {},
): Promise<{ data: AccountEventRow[]; nextCursor: string | null }> {
  const [beforeId = null] = cursor ? decodeCursor(cursor, 1) : [];
  return page(await selectAccountEvents(db.system, userId, { beforeId, limit: limit + 1 }), limit, ({ id }) => [id]);
}

/** Clears away old history; for a job. Returns the number of events. */
export const forgetOldAccountEvents = ({ db }: Pick<Hub, 'db'>): Promise<number> =>
  deleteOldAccountEvents(db.system, keepDays);

const newEvent = (kind: AccountEventKind, { ip, userAgent }: Caller) => ({
  id: uuidv7(),
  kind,
  ip,
  userAgent: userAgent?.slice(0, 500) ?? null,
});
