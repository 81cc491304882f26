import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import { sameText } from '../../lib/same-bytes.ts';
import { sessionCookie } from '../people/session-cookie.ts';

/** A secret for one browser or one answer: 256 bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** What the database keeps of a secret. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Nothing fits where nothing is kept. */
export const fits = (secret: string, hash: string | null): boolean => sameText(hashOf(secret), hash ?? '');

/** The cookie that ties a started authorisation to the browser that was sent to the service; one for each, so that several can run. */
export function bindingCookie(config: Pick<Config, 'secure' | 'basePath'>, requestId: string) {
  const { name: session, attributes } = sessionCookie(config);
  const name = session.replace(/session$/, `connect-${requestId.slice(-12)}`);
  const suffix = `Path=${attributes.path}; HttpOnly; ${attributes.secure ? 'Secure; ' : ''}SameSite=Lax`;
  return {
    /** The header that sets it, for so many seconds. */
    issue: (secret: string, seconds: number) => `${name}=${secret}; Max-Age=${seconds}; ${suffix}`,
    clear: () => `${name}=; Max-Age=0; ${suffix}`,
    /** What this browser sent; '' for nothing. */
    read: (cookies: string) =>
      cookies
        .split(';')
        .map((pair) => pair.trim())
        .find((pair) => pair.startsWith(`${name}=`))
        ?.slice(name.length + 1) ?? '',
  };
}
