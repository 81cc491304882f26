import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import {
  deleteAllTokensOf,
  deleteEndedTokens,
  deleteOneTimeTokensOf,
  insertOneTimeToken,
  selectOneTimeToken,
  takeOneTimeToken,
} from '../../db/queries/one-time-tokens.ts';

type Purpose = 'password-reset' | 'sign-in' | 'single-sign-on' | 'connect-provider';

/** A token that works once, for so many minutes; the database keeps its hash. Tokens from before for the same value end. */
export async function issueToken(tx: Tx, purpose: Purpose, value: string, minutes: number): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await deleteOneTimeTokensOf(tx, purpose, value);
  const expiresAt = new Date(Date.now() + minutes * 60_000);
  await insertOneTimeToken(tx, { id: uuidv7(), identifier: identifierOf(purpose, token), value, expiresAt });
  return token;
}

/** What the token stands for; null when it is none, was used or has expired. */
export const lookAtToken = (db: Drizzle, purpose: Purpose, token: string): Promise<string | null> =>
  selectOneTimeToken(db, identifierOf(purpose, token));

/** The same, and uses it up: of two at once, one gets it. */
export const useToken = (db: Drizzle | Tx, purpose: Purpose, token: string): Promise<string | null> =>
  takeOneTimeToken(db, identifierOf(purpose, token));

/** Ends every token of a person whose password is another one now: links that were sent, and sign-ins that stand half done. */
export const endTokensOf = (tx: Tx, userId: string): Promise<void> => deleteAllTokensOf(tx, userId);

/** Clears away tokens that have expired; for a job. Returns the number. */
export const forgetEndedTokens = ({ db }: Pick<Hub, 'db'>): Promise<number> => deleteEndedTokens(db.system);

const identifierOf = (purpose: Purpose, token: string) =>
  `${purpose}:${createHash('sha256').update(token).digest('base64url')}`;
