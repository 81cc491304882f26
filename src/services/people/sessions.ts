import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import {
  activateTenant,
  deleteEndedSessions,
  deleteSession,
  insertSession,
  type SessionRow,
  selectSession,
  type TenantOfUser,
  touchSession,
} from '../../db/queries/identity.ts';
import { isUuid } from '../../db/queries/text.ts';
import { AppError } from '../../errors.ts';
import { once } from '../../lib/once.ts';
import type { Role } from '../../lib/role.ts';
import { type AccountEventKind, type Caller, recordAccountEvent } from '../brokers/account-history.ts';
import { hubSecret } from '../secrets/keyring.ts';
import { clearedCookie, issuedCookie, type SessionCookie, sessionCookie, tokenFrom } from './session-cookie.ts';

type Parts = Pick<Hub, 'config' | 'db' | 'vault' | 'log'>;

export interface Person {
  id: string;
  name: string;
  email: string;
}

export interface SignedIn {
  setCookies: string[];
  user: Person;
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

export interface Sessions {
  /** Ends the session in the database, if there is one. @throws AppError unavailable when that could not be done */
  signOut(headers: Headers): Promise<{ setCookies: string[] }>;
  /** Who asks, with what they may do now; one statement. */
  readSession(headers: Headers): Promise<Session | null>;
  /** @throws AppError not_found for a tenant that is not theirs */
  switchTenant(session: Pick<Session, 'sessionId'>, tenantId: string): Promise<void>;
  /** The cookie for a session whose token has just been made. */
  cookieFor(token: string): Promise<string>;
}

/** What the ways of signing in share: whoever has shown who they are gets a session here. */
export interface SessionDesk extends Sessions {
  cookie: SessionCookie;
  /** The key that cookies are signed with; the same on every replica. */
  secret(): Promise<string>;
  start(user: Person, caller: Caller): Promise<SignedIn>;
  /** Notes how somebody has signed in, and ends the session that their request still carried. */
  noteSignIn(userId: string, caller: Caller, headers?: Headers, how?: AccountEventKind): Promise<void>;
  /** A signed cookie beside the session's, for a step of signing in; `seconds` is how long it lives. */
  issueAside(kind: string, token: string, seconds: number): Promise<string>;
  readAside(kind: string, headers: Headers): Promise<string | null>;
  clearAside(kind: string): string;
}

export const sessionLifetime = 7 * 24 * 3600;
/** A session that nobody used for so long has ended. */
export const idleSeconds = 12 * 3600;
/** Seconds between two marks of use: the price of the idle limit is one more statement a minute. */
const touchEvery = 60;

/** Sessions of people, for one app. */
export function createSessions(parts: Parts): SessionDesk {
  const { config, db, vault, log } = parts;
  const cookie = sessionCookie(config);
  const secret = once(() => hubSecret(db, vault, 'session_signing', () => randomBytes(32).toString('base64url')));
  const aside = (kind: string) => ({ ...cookie, name: cookie.name.replace('session', kind) });
  const read = async (name: string, headers: Headers) =>
    headers.get('cookie')?.includes(name) ? tokenFrom(headers, name, await secret()) : null;
  const issue = async (as: SessionCookie, token: string, seconds: number) =>
    issuedCookie(as, token, await secret(), seconds);

  async function end(headers: Headers): Promise<void> {
    const token = await read(cookie.name, headers);
    if (token && (await deleteSession(db.system, token))) log.info('session ended');
  }

  async function markUsed(row: SessionRow): Promise<void> {
    if (row.idleFor < touchEvery) return;
    // A database that cannot be written to still serves readers.
    await touchSession(db.system, row.id).catch((error) => log.warn({ err: error }, 'session was not marked as used'));
  }

  return {
    cookie,
    secret,

    async start(user, { ip, userAgent }) {
      const token = randomBytes(24).toString('base64url');
      const expiresAt = new Date(Date.now() + sessionLifetime * 1000);
      await insertSession(db.system, { id: uuidv7(), token, userId: user.id, expiresAt, ipAddress: ip, userAgent });
      return { setCookies: [await issue(cookie, token, sessionLifetime)], user };
    },

    async noteSignIn(userId, caller, headers, how = 'signed_in') {
      await recordAccountEvent(db.system, userId, how, caller);
      if (headers) await end(headers);
      log.info({ user_id: userId, ip: caller.ip }, 'session started');
    },

    async signOut(headers) {
      await end(headers);
      return { setCookies: [clearedCookie(cookie)] };
    },

    async readSession(headers) {
      const token = await read(cookie.name, headers);
      const row = token ? await selectSession(db.system, token, idleSeconds) : null;
      if (!row) return null;
      await markUsed(row);
      return toSession(row);
    },

    async switchTenant({ sessionId }, tenantId) {
      if (!isUuid(tenantId) || !(await activateTenant(db.system, sessionId, tenantId))) throw notTheirs();
    },

    cookieFor: (token) => issue(cookie, token, sessionLifetime),
    issueAside: (kind, token, seconds) => issue(aside(kind), token, seconds),
    readAside: (kind, headers) => read(aside(kind).name, headers),
    clearAside: (kind) => clearedCookie(aside(kind)),
  };
}

/** Clears away sessions that nobody can use any more; for a job. Returns the number. */
export const forgetEndedSessions = ({ db }: Pick<Hub, 'db'>): Promise<number> =>
  deleteEndedSessions(db.system, idleSeconds);

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
