import type { SingleSignOnConfig } from '../../config/single-sign-on.ts';
import type { Hub } from '../../context.ts';
import { selectUser } from '../../db/queries/identity.ts';
import { selectSignInMethods } from '../../db/queries/single-sign-on.ts';
import { AppError, invalid } from '../../errors.ts';
import type { Role } from '../../lib/role.ts';
import { recordAccountEvent } from '../brokers/account-history.ts';
import { limitGuesses } from '../connectors/guesses.ts';
import { issueToken, lookAtToken, useToken } from '../people/one-time-tokens.ts';
import { requireOwnPassword, signInLimits } from '../people/password-check.ts';
import { requireCode } from '../people/second-factor-check.ts';
import type { Person, SessionDesk, SignedIn } from '../people/sessions.ts';
import { enter, type Step } from './entrance.ts';
import { connect } from './people.ts';

/** Somebody whom the provider vouches for, and who has to show that the account with this address is theirs. */
interface Waiting {
  issuer: string;
  sub: string;
  userId: string;
  granted: [workspace: string, role: Role][];
  next: string;
}

export interface Proof {
  password: string;
  /** Of the second factor; '' for people without one. */
  code: string;
}

export interface Connecting {
  /** For the page that asks. @throws AppError not_signed_in when that is too long ago, or was in another browser */
  lookAtConnection(headers: Headers): Promise<{ email: string; secondFactor: boolean }>;
  /**
   * Connects the account to the provider and signs in.
   * @throws AppError like `lookAtConnection`, invalid_input for `password` and `code`, rate_limited, conflict
   */
  connect(proof: Proof, step: Step): Promise<SignedIn & { next: string }>;
}

const purpose = 'connect-provider';
const seconds = 5 * 60;

/** Remembers in this browser whom the provider has vouched for. Returns the cookie. */
export async function awaitPassword(hub: Hub, desk: SessionDesk, waiting: Waiting): Promise<string> {
  const token = await hub.db.system.transaction((tx) => issueToken(tx, purpose, JSON.stringify(waiting), seconds / 60));
  return desk.issueAside(purpose, token, seconds);
}

export function createConnecting(hub: Hub, settings: SingleSignOnConfig, desk: SessionDesk): Connecting {
  const { db } = hub;

  async function read(headers: Headers) {
    const token = await desk.readAside(purpose, headers);
    const value = token && (await lookAtToken(db.system, purpose, token));
    const waiting = value ? (JSON.parse(value) as Waiting) : null;
    const user = waiting && (await selectUser(db.system, waiting.userId));
    // Another replica may know another provider already, whose names are not these.
    if (!user || waiting.issuer !== settings.issuer) throw tooLate();
    const { secondFactor } = await selectSignInMethods(db.system, user.id, settings.issuer);
    return { token, waiting, user, secondFactor };
  }

  return {
    async lookAtConnection(headers) {
      const { user, secondFactor } = await read(headers);
      return { email: user.email, secondFactor };
    },

    async connect({ password, code }, step) {
      const { token, waiting, user, secondFactor } = await read(step.headers);
      await requireGuessedPassword(hub, user, password, step);
      if (secondFactor) await requireCode(hub, user.id, code, step);
      if (!(await useToken(db.system, purpose, token as string))) throw tooLate();
      await connect(hub, settings, waiting.sub, user, step, { keepSessions: true });
      const { setCookies } = await enter(hub, desk, user, new Map(waiting.granted), step);
      return { setCookies: [...setCookies, desk.clearAside(purpose)], user, next: waiting.next };
    },
  };
}

/** Counted and noted like a password at the sign-in page. */
async function requireGuessedPassword(hub: Hub, { id, email }: Person, password: string, step: Step): Promise<void> {
  if (!password) throw invalid({ password: ['Enter your password.'] });
  const check = () => requireOwnPassword(hub.db.system, id, password);
  await limitGuesses(hub, signInLimits(email, step.ip), 'sign in', check).catch(async (error) => {
    if (!(error instanceof AppError) || error.code !== 'not_signed_in') throw error;
    await recordAccountEvent(hub.db.system, id, 'sign_in_failed', step);
    throw invalid({ password: ['This is not the password of your account here.'] });
  });
}

const tooLate = () =>
  new AppError('not_signed_in', 'Connecting your account took too long, or was begun in another browser. Start again.');
