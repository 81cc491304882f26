import type { Context } from 'hono';

/** Whether the request is meant for a service: its body is not ours to read. */
export const isPassedOn = (c: Context): boolean => /\/(api\/proxy|v1)\//.test(c.req.path);
