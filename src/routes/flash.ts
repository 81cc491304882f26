import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Hub } from '../context.ts';
import type { Env } from './env.ts';
import { paths } from './paths.ts';
import type { Toast } from './views.ts';

const cookieName = 'patchbay.notice';
const pathOf = (hub: Hub) => hub.config.basePath || '/';

/** Leaves a toast for the page that follows a redirect. */
export function leaveNotice(c: Context<Env>, hub: Hub, toast: Toast) {
  const value = Buffer.from(JSON.stringify(toast)).toString('base64url');
  setCookie(c, cookieName, value, {
    httpOnly: true,
    sameSite: 'Lax',
    secure: hub.config.secure,
    path: pathOf(hub),
    maxAge: 60,
  });
}

/** The toast that was left, once. */
export function takeNotice(c: Context<Env>, hub: Hub): Toast | null {
  const value = getCookie(c, cookieName);
  if (!value) return null;
  deleteCookie(c, cookieName, { path: pathOf(hub) });
  return readToast(value);
}

/** The cookie comes from outside: only short plain texts and our own actions are taken from it. */
function readToast(value: string): Toast | null {
  try {
    const { tone, name, text, action } = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
    if (!isText(text) || (name !== undefined && !isText(name))) return null;
    return { tone: tone === 'bad' ? 'bad' : 'ok', name, text, action: isOurs(action) ? action : undefined };
  } catch {
    return null;
  }
}

const isText = (text: unknown): text is string => typeof text === 'string' && text.length <= 500;

const id = '[0-9a-f-]{36}';
const restoration = new RegExp(`^${paths.connectorRestoration(id)}$`);
const detail = new RegExp(`^${paths.connector(id)}$`);

/** Undo, and the way to a connector. */
const isOurs = (action: Toast['action']) =>
  isText(action?.label) && (action.method === 'post' ? restoration : detail).test(String(action.path));
