import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../context.ts';
import { selectFirstTenantId } from '../../db/queries/identity.ts';
import {
  accounts,
  invitations,
  members,
  organizations,
  sessions,
  users,
  verifications,
} from '../../db/schema/index.ts';
import { hashPassword, verifyPassword } from '../../lib/passwords.ts';
import type { SessionCookie } from './session-cookie.ts';

export const minPasswordLength = 12;
export const maxPasswordLength = 128;
/** The header under which the library is told the caller's address; made by us, never taken from a request. */
export const addressHeader = 'x-patchbay-address';

interface Settings {
  cookie: SessionCookie;
  secret: string;
  /** Seconds after which a session ends, whatever happens. */
  lifetime: number;
}

export type IdentityLibrary = Awaited<ReturnType<typeof loadLibrary>>;

/**
 * better-auth with its organisation plugin over our tables. Loaded on first use: it is the largest import of the hub.
 * Only its verbs are called; its own routes, rate limit and session cache stay off.
 */
export async function loadLibrary({ config, db, log }: Pick<Hub, 'config' | 'db' | 'log'>, settings: Settings) {
  const [{ betterAuth }, { drizzleAdapter }, { organization }] = await Promise.all([
    import('better-auth/minimal'),
    import('better-auth/adapters/drizzle'),
    import('better-auth/plugins/organization'),
  ]);
  return betterAuth({
    baseURL: new URL(config.baseUrl).origin,
    basePath: `${config.basePath}/api/auth`,
    secret: settings.secret,
    telemetry: { enabled: false },
    logger: { level: 'error', log: (level, message) => log.debug({ part: 'better-auth', level }, message) },
    database: drizzleAdapter(db.system, {
      provider: 'pg',
      schema: {
        user: users,
        session: sessions,
        account: accounts,
        verification: verifications,
        organization: organizations,
        member: members,
        invitation: invitations,
      },
    }),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength,
      maxPasswordLength,
      password: { hash: hashPassword, verify: verifyPassword },
    },
    session: { expiresIn: settings.lifetime, disableSessionRefresh: true, cookieCache: { enabled: false } },
    rateLimit: { enabled: false },
    databaseHooks: {
      session: {
        create: {
          before: async (session) => ({
            data: { ...session, activeOrganizationId: await selectFirstTenantId(db.system, session.userId) },
          }),
        },
      },
    },
    advanced: {
      cookiePrefix: 'patchbay',
      useSecureCookies: false, // its own prefix is only ever `__Secure-`; ours stands in the name
      cookies: { session_token: { name: settings.cookie.name, attributes: settings.cookie.attributes } },
      database: { generateId: () => uuidv7() },
      ipAddress: { ipAddressHeaders: [addressHeader] },
    },
    plugins: [organization({ allowUserToCreateOrganization: false })],
  });
}
