import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Hub } from '../context.ts';
import { noticeSeconds, openNotice, sealNotice } from '../services/people/notices.ts';
import type { Env } from './env.ts';
import type { Toast } from './view-models/shared.ts';

const cookieName = 'patchbay.notice';
const pathOf = (hub: Hub) => hub.config.basePath || '/';

/** Leaves a toast for the page that follows a redirect. */
export function leaveNotice(c: Context<Env>, hub: Hub, toast: Toast) {
  setCookie(c, cookieName, sealNotice(hub, toast), {
    httpOnly: true,
    sameSite: 'Lax',
    secure: hub.config.secure,
    path: pathOf(hub),
    maxAge: noticeSeconds,
  });
}

/** The toast that was left, once. */
export function takeNotice(c: Context<Env>, hub: Hub): Toast | null {
  const value = getCookie(c, cookieName);
  if (!value) return null;
  deleteCookie(c, cookieName, { path: pathOf(hub) });
  return openNotice(hub, value) as Toast | null;
}
