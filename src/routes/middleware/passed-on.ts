import type { Context } from 'hono';
import { basePath } from 'hono/route';

/** The path as routes have it, without the base path. */
export const ownPath = (c: Context): string => c.req.path.slice(basePath(c).replace(/\/$/, '').length);

/** Whether the request is meant for a service: its body is not ours to read. */
export const isPassedOn = (c: Context): boolean => /^\/(api\/proxy|v1)\//.test(ownPath(c));
