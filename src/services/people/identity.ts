import type { Hub } from '../../context.ts';
import { isPasswordHash, selectPasswordHash, selectPasswordHashByEmail } from '../../db/queries/account.ts';
import { selectUser } from '../../db/queries/identity.ts';
import { selectUserWithSecondFactor } from '../../db/queries/second-factors.ts';
import { AppError } from '../../errors.ts';
import { once } from '../../lib/once.ts';
import { recordEventByEmail } from '../brokers/account-history.ts';
import { limitGuesses } from '../connectors/guesses.ts';
import { loadLibrary } from './identity-library.ts';
import { issueToken, lookAtToken, useToken } from './one-time-tokens.ts';
import { callerHeaders, refused, requireOwnPassword, signInByLibrary, signInLimits } from './password-check.ts';
import { emailProblem } from './person-input.ts';
import { requireCode, SecondFactorRequired } from './second-factor-check.ts';
import { createSessions, type Sessions, type SignedIn, sessionLifetime } from './sessions.ts';

type Parts = Pick<Hub, 'config' | 'db' | 'vault' | 'log'>;

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

export interface Identity extends Sessions {
  /**
   * @throws AppError not_signed_in (the same for an unknown address and a wrong password), rate_limited, unavailable;
   * SecondFactorRequired when the password was right and `totp` is missing
   */
  signIn(input: SignIn): Promise<SignedIn>;
  /** Remembers in this browser, for five minutes, that the person's password was right. Returns the cookie. */
  awaitSecondFactor(userId: string): Promise<string>;
  /**
   * The second step of such a sign-in.
   * @throws AppError not_signed_in, with `errors.code` when the code was wrong, without when the first step is too long ago
   */
  completeSignIn(input: SecondStep): Promise<SignedIn>;
  /** Loads the identity library ahead of the first sign-in. */
  warmUp(): Promise<void>;
}

/** How long the second step of a sign-in may take. */
const pendingSeconds = 5 * 60;
const pending = 'second-step';

/** Sign-in, sessions and workspaces of people, for one app. */
export function createIdentity(parts: Parts): Identity {
  const { db } = parts;
  const sessions = createSessions(parts);
  const { cookie } = sessions;
  const library = once(async () =>
    loadLibrary(parts, { cookie, secret: await sessions.secret(), lifetime: sessionLifetime }),
  );

  /**
   * Whoever replaces a password ends the sessions that there are. One whose password was being checked meanwhile is not there yet:
   * it looks for itself, once it is.
   */
  async function unlessReplaced(started: SignedIn, hash: string | null): Promise<SignedIn> {
    if (await isPasswordHash(db.system, started.user.id, hash)) return started;
    const cookie = started.setCookies.map((each) => each.split(';')[0]).join('; ');
    await sessions.signOut(new Headers({ cookie }));
    throw refused();
  }

  return {
    signOut: sessions.signOut,
    readSession: sessions.readSession,
    switchTenant: sessions.switchTenant,
    cookieFor: sessions.cookieFor,

    async signIn({ email, password, totp, ip, userAgent, headers }) {
      if (typeof email !== 'string' || typeof password !== 'string') throw refused();
      const address = email.trim().toLowerCase();
      const known = !emailProblem(address);
      const caller = { ip, userAgent: userAgent ?? null };
      const guarded = known ? await selectUserWithSecondFactor(db.system, address) : null;
      const hash = known ? await selectPasswordHashByEmail(db.system, address) : null;
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
      const started = answer ?? (await sessions.start(guarded as SignedIn['user'], caller));
      await unlessReplaced(started, hash);
      await sessions.noteSignIn(started.user.id, caller, headers);
      return started;
    },

    async awaitSecondFactor(userId) {
      const token = await db.system.transaction((tx) => issueToken(tx, 'sign-in', userId, pendingSeconds / 60));
      return sessions.issueAside(pending, token, pendingSeconds);
    },

    async completeSignIn({ code, headers, ip, userAgent }) {
      const caller = { ip, userAgent: userAgent ?? null };
      const token = await sessions.readAside(pending, headers);
      const userId = token && (await lookAtToken(db.system, 'sign-in', token));
      if (!userId) throw tooLate();
      await requireCode(parts, userId, code, caller);
      const user = await selectUser(db.system, userId);
      const hash = await selectPasswordHash(db.system, userId);
      if (!user || (await useToken(db.system, 'sign-in', token)) !== userId) throw tooLate();
      const { setCookies } = await unlessReplaced(await sessions.start(user, caller), hash);
      await sessions.noteSignIn(userId, caller, headers);
      return { setCookies: [...setCookies, sessions.clearAside(pending)], user };
    },

    async warmUp() {
      await (await library()).$context;
    },
  };
}

const isCode = (error: unknown, code: string) => error instanceof AppError && error.code === code;

const tooLate = () =>
  new AppError('not_signed_in', 'The first step of this sign-in is too long ago. Enter your password again.');
