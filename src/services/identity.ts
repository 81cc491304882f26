import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Hub, Role } from '../context.ts';
import {
  activateTenant,
  deleteEndedSessions,
  deleteSession,
  insertSession,
  type SessionRow,
  selectSession,
  selectUser,
  type TenantOfUser,
  touchSession,
} from '../db/queries/identity.ts';
import { selectUserWithSecondFactor } from '../db/queries/second-factors.ts';
import { isUuid } from '../db/queries/text.ts';
import { AppError } from '../errors.ts';
import { addressBucket } from '../lib/client-address.ts';
import { type Caller, recordAccountEvent, recordEventByEmail } from './account-history.ts';
import { limitGuesses } from './guesses.ts';
import { loadLibrary } from './identity-library.ts';
import { hubSecret } from './keyring.ts';
import { issueToken, lookAtToken, useToken } from './one-time-tokens.ts';
import { callerHeaders, refused, requireOwnPassword, signInByLibrary } from './password-check.ts';
import { emailProblem } from './person-input.ts';
import type { Limit } from './rate-limits.ts';
import { requireCode, SecondFactorRequired } from './second-factor-check.ts';
import { clearedCookie, issuedCookie, sessionCookie, tokenFrom } from './session-cookie.ts';

type Parts = Pick<Hub, 'config' | 'db' | 'vault' | 'log'>;

interface Person {
  id: string;
  name: string;
  email: string;
}

export interface Session {
  sessionId: string;
  user: Person;
  /** The workspace that the person had chosen is gone for them, so `tenant` is another one. */
  moved: boolean;
  /** The workspace that the session is in; null for a person who belongs to none. */
  tenant: Pick<TenantOfUser, 'id' | 'name' | 'suspended'> | null;
  role: Role | null;
  /** Whether the person runs the hub itself. */
  operator: boolean;
  /** Every workspace of this person, by name. */
  tenants: TenantOfUser[];
}

interface SignIn {
  email: unknown;
  password: unknown;
  /** The code of the second factor, or a recovery code; only asked for when the person has one. */
  totp?: unknown;
  /** The caller's address. */
  ip: string | null;
  userAgent?: string | null;
  /** The request's headers: a session that they carry ends, so that nobody keeps an id from before. */
  headers?: Headers;
}

interface SecondStep extends Pick<SignIn, 'ip' | 'userAgent'> {
  code: string;
  headers: Headers;
}

export interface Identity {
  /**
   * @throws AppError not_signed_in (the same for an unknown address and a wrong password), rate_limited, unavailable;
   * SecondFactorRequired when the password was right and `totp` is missing
   */
  signIn(input: SignIn): Promise<{ setCookies: string[]; user: Person }>;
  /** Remembers in this browser, for five minutes, that the person's password was right. Returns the cookie. */
  awaitSecondFactor(userId: string): Promise<string>;
  /**
   * The second step of such a sign-in.
   * @throws AppError not_signed_in, with `errors.code` when the code was wrong, without when the first step is too long ago
   */
  completeSignIn(input: SecondStep): Promise<{ setCookies: string[]; user: Person }>;
  /** Ends the session in the database, if there is one. @throws AppError unavailable when that could not be done */
  signOut(headers: Headers): Promise<{ setCookies: string[] }>;
  /** Who asks, with what they may do now; one statement. */
  readSession(headers: Headers): Promise<Session | null>;
  /** @throws AppError not_found for a tenant that is not theirs */
  switchTenant(session: Pick<Session, 'sessionId'>, tenantId: string): Promise<void>;
  /** The cookie for a session whose token has just been made. */
  cookieFor(token: string): Promise<string>;
  /** Loads the identity library ahead of the first sign-in. */
  warmUp(): Promise<void>;
}

const lifetime = 7 * 24 * 3600;
/** A session that nobody used for so long has ended. */
export const idleSeconds = 12 * 3600;
/** How long the second step of a sign-in may take. */
const pendingSeconds = 5 * 60;
/** Seconds between two marks of use: the price of the idle limit is one more statement a minute. */
const touchEvery = 60;

/** Sign-in, sessions and workspaces of people, for one app. */
export function createIdentity(parts: Parts): Identity {
  const { config, db, vault, log } = parts;
  const cookie = sessionCookie(config);
  const pending = { ...cookie, name: cookie.name.replace('session', 'second-step') };
  const secret = once(() => hubSecret(db, vault, 'session_signing', () => randomBytes(32).toString('base64url')));
  const library = once(async () => loadLibrary(parts, { cookie, secret: await secret(), lifetime }));
  const sessionToken = async (headers: Headers) =>
    headers.get('cookie')?.includes(cookie.name) ? tokenFrom(headers, cookie.name, await secret()) : null;

  async function endSession(headers: Headers): Promise<void> {
    const token = await sessionToken(headers);
    if (token && (await deleteSession(db.system, token))) log.info('session ended');
  }

  async function markUsed(row: SessionRow): Promise<void> {
    if (row.idleFor < touchEvery) return;
    // A database that cannot be written to still serves readers.
    await touchSession(db.system, row.id).catch((error) => log.warn({ err: error }, 'session was not marked as used'));
  }

  async function startSession(user: Person, { ip, userAgent }: Caller) {
    const token = randomBytes(24).toString('base64url');
    const expiresAt = new Date(Date.now() + lifetime * 1000);
    await insertSession(db.system, { id: uuidv7(), token, userId: user.id, expiresAt, ipAddress: ip, userAgent });
    return { setCookies: [issuedCookie(cookie, token, await secret(), lifetime)], user };
  }

  async function noteSignIn(userId: string, caller: Caller, headers: Headers | undefined): Promise<void> {
    await recordAccountEvent(db.system, userId, 'signed_in', caller);
    if (headers) await endSession(headers);
    log.info({ user_id: userId, ip: caller.ip }, 'session started');
  }

  return {
    async signIn({ email, password, totp, ip, userAgent, headers }) {
      if (typeof email !== 'string' || typeof password !== 'string') throw refused();
      const address = email.trim().toLowerCase();
      const known = !emailProblem(address);
      const caller = { ip, userAgent: userAgent ?? null };
      const guarded = known ? await selectUserWithSecondFactor(db.system, address) : null;
      const answer = await limitGuesses(parts, signInLimits(address, ip), 'sign in', async () =>
        guarded
          ? requireOwnPassword(db.system, guarded.id, password)
          : signInByLibrary(await library(), { email: address, password }, callerHeaders(ip, userAgent)),
      ).catch(async (error) => {
        if (isCode(error, 'not_signed_in') && known)
          await recordEventByEmail(db.system, address, 'sign_in_failed', caller);
        throw error;
      });
      if (guarded && !totp) throw new SecondFactorRequired(guarded.id);
      if (guarded) await requireCode(parts, guarded.id, String(totp), caller);
      const started = answer ?? (await startSession(guarded as Person, caller));
      await noteSignIn(started.user.id, caller, headers);
      return started;
    },

    async awaitSecondFactor(userId) {
      const token = await db.system.transaction((tx) => issueToken(tx, 'sign-in', userId, pendingSeconds / 60));
      return issuedCookie(pending, token, await secret(), pendingSeconds);
    },

    async completeSignIn({ code, headers, ip, userAgent }) {
      const caller = { ip, userAgent: userAgent ?? null };
      const token = tokenFrom(headers, pending.name, await secret());
      const userId = token && (await lookAtToken(db.system, 'sign-in', token));
      if (!userId) throw tooLate();
      await requireCode(parts, userId, code, caller);
      const user = await selectUser(db.system, userId);
      if (!user || (await useToken(db.system, 'sign-in', token)) !== userId) throw tooLate();
      const { setCookies } = await startSession(user, caller);
      await noteSignIn(userId, caller, headers);
      return { setCookies: [...setCookies, clearedCookie(pending)], user };
    },

    async signOut(headers) {
      await endSession(headers);
      return { setCookies: [clearedCookie(cookie)] };
    },

    async readSession(headers) {
      const token = await sessionToken(headers);
      const row = token ? await selectSession(db.system, token, idleSeconds) : null;
      if (!row) return null;
      await markUsed(row);
      return toSession(row);
    },

    async switchTenant({ sessionId }, tenantId) {
      if (!isUuid(tenantId) || !(await activateTenant(db.system, sessionId, tenantId))) throw notTheirs();
    },

    cookieFor: async (token) => issuedCookie(cookie, token, await secret(), lifetime),

    async warmUp() {
      await (await library()).$context;
    },
  };
}

/** Clears away sessions that nobody can use any more; for a job. Returns the number. */
export const forgetEndedSessions = ({ db }: Pick<Hub, 'db'>): Promise<number> =>
  deleteEndedSessions(db.system, idleSeconds);

/** What is limited: guesses for one account from one place, and guesses from one place at all. */
function signInLimits(email: string, ip: string | null): Limit[] {
  const place = addressBucket(ip);
  const account = createHash('sha256').update(email).digest('base64url'); // of any length, and not to be read in the table
  return [
    { key: `sign-in:${place}`, rate: 30, per: 60 },
    { key: `sign-in:${place}:${account}`, rate: 5, per: 60 },
  ];
}

const isCode = (error: unknown, code: string) => error instanceof AppError && error.code === code;

const tooLate = () =>
  new AppError('not_signed_in', 'The first step of this sign-in is too long ago. Enter your password again.');

const notTheirs = () =>
  new AppError('not_found', 'You are not a member of this workspace, or it does not exist. Choose one from the list.');

function toSession({ id, activeOrganizationId, userId, userName, userEmail, operator, tenants }: SessionRow): Session {
  const chosen = tenants.find((tenant) => tenant.id === activeOrganizationId);
  const active = chosen ?? tenants[0];
  return {
    sessionId: id,
    moved: !chosen && active !== undefined,
    user: { id: userId, name: userName, email: userEmail },
    tenant: active ? { id: active.id, name: active.name, suspended: active.suspended } : null,
    role: active?.role ?? null,
    operator,
    tenants: tenants.toSorted((a, b) => a.name.localeCompare(b.name)),
  };
}

/** Makes the value once and remembers it; a failure is not remembered. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
