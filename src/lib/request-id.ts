import { timeOrderedId } from './time-ordered-id.ts';

const valid = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/** The caller's id when it is 8–64 plain characters, else a new one: it ends up in logs, audit rows and answers. */
export const requestId = (sent: string | undefined): string => (sent && valid.test(sent) ? sent : timeOrderedId());
