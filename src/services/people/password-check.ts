import { createHash } from 'node:crypto';
import type { Drizzle } from '../../db/client.ts';
import { selectPasswordHash } from '../../db/queries/account.ts';
import { AppError } from '../../errors.ts';
import { addressBucket } from '../../lib/client-address.ts';
import { verifyPassword } from '../../lib/passwords.ts';
import type { Limit } from '../rate-limits.ts';
import { addressHeader, type IdentityLibrary } from './identity-library.ts';

/**
 * Checks a password and starts a session.
 * @throws AppError not_signed_in, the same for an unknown address and a wrong password
 */
export async function signInByLibrary(
  library: IdentityLibrary,
  body: { email: string; password: string },
  headers: Headers,
) {
  try {
    const { response, headers: answer } = await library.api.signInEmail({ body, headers, returnHeaders: true });
    const { id, name, email } = response.user;
    return { setCookies: answer.getSetCookie(), user: { id, name, email } };
  } catch (error) {
    throw isRefusal(error) ? refused() : (deeper(error) ?? error);
  }
}

/**
 * Checks a password without starting a session, for somebody who has a second factor to show first; takes as long.
 * @throws AppError not_signed_in
 */
export async function requireOwnPassword(db: Drizzle, userId: string, password: string): Promise<void> {
  const hash = await selectPasswordHash(db, userId);
  if (!hash || !(await verifyPassword({ hash, password }))) throw refused();
}

/** What is limited: guesses for one account from one place, and guesses from one place at all. */
export function signInLimits(email: string, ip: string | null): Limit[] {
  const place = addressBucket(ip);
  const account = createHash('sha256').update(email).digest('base64url'); // of any length, and not to be read in the table
  return [
    { key: `sign-in:${place}`, rate: 30, per: 60 },
    { key: `sign-in:${place}:${account}`, rate: 5, per: 60 },
  ];
}

/** Only what we know ourselves: headers of the request would be believed. */
export function callerHeaders(ip: string | null, userAgent: string | null | undefined): Headers {
  const headers = new Headers();
  if (ip) headers.set(addressHeader, ip);
  if (userAgent) headers.set('user-agent', userAgent.slice(0, 500));
  return headers;
}

/** The library answers 4xx for an address that is none, a password that is too long, and for a wrong one. */
const isRefusal = (error: unknown) => {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' && status >= 400 && status < 500;
};

/** An AppError that the library or the query builder has wrapped. */
function deeper(error: unknown): AppError | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof AppError) return at;
  return null;
}

/** One answer for an unknown address and for a wrong password. */
export const refused = () =>
  new AppError('not_signed_in', 'This e-mail address and password do not match. Check both and try again.');
