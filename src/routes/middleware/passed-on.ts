import type { Context } from 'hono';
import { basePath } from 'hono/route';

/** Whether the request is meant for a service: its body is not ours to read. */
export const isPassedOn = (c: Context): boolean =>
  /^\/(api\/proxy|v1)\//.test(c.req.path.slice(basePath(c).replace(/\/$/, '').length));
