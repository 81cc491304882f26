import { createHmac } from 'node:crypto';
import type { Config } from '../../config.ts';
import { sameText } from '../../lib/same-bytes.ts';

export interface SessionCookie {
  readonly name: string;
  readonly attributes: { path: string; httpOnly: true; secure: boolean; sameSite: 'lax' };
}

/**
 * `__Host-` ties the cookie to this host; under a path prefix it cannot be had, because it wants `Path=/`,
 * and other applications of the host should not be sent the cookie.
 */
export function sessionCookie({ secure, basePath }: Pick<Config, 'secure' | 'basePath'>): SessionCookie {
  const prefix = !secure ? '' : basePath ? '__Secure-' : '__Host-';
  return {
    name: `${prefix}patchbay.session`,
    attributes: { path: basePath || '/', httpOnly: true, secure, sameSite: 'lax' },
  };
}

/** The token of the first cookie of that name whose signature holds; the value is `token.base64(HMAC-SHA-256)`, URL-encoded. */
export function tokenFrom(headers: Headers, name: string, secret: string): string | null {
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const token = verified(pair.slice(equals + 1).trim(), secret);
    if (token) return token;
  }
  return null;
}

/** The header that hands a session's token to a browser, signed as the identity library does it; `lifetime` is in seconds. */
export function issuedCookie(cookie: SessionCookie, token: string, secret: string, lifetime: number): string {
  const value = encodeURIComponent(`${token}.${signatureOf(token, secret)}`);
  return `${cookie.name}=${value}; Max-Age=${lifetime}; ${suffix(cookie)}`;
}

/** The header that makes a browser forget the cookie. */
export const clearedCookie = (cookie: SessionCookie): string => `${cookie.name}=; Max-Age=0; ${suffix(cookie)}`;

const suffix = ({ attributes }: SessionCookie) =>
  `Path=${attributes.path}; HttpOnly; ${attributes.secure ? 'Secure; ' : ''}SameSite=Lax`;

const signatureOf = (token: string, secret: string) => createHmac('sha256', secret).update(token).digest('base64');

function verified(value: string, secret: string): string | null {
  const text = decoded(value);
  const dot = text.lastIndexOf('.');
  if (dot < 1) return null;
  const token = text.slice(0, dot);
  const sent = text.slice(dot + 1);
  return sameText(sent, signatureOf(token, secret)) ? token : null; // as text: a decoder would skip what it does not know
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
