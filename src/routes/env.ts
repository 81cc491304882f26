import type { Logger } from 'pino';
import type { Ctx } from '../context.ts';
import type { Session } from '../services/people/sessions.ts';

/** What middleware puts on Hono's context. */
export interface Env {
  Bindings: Bindings;
  Variables: {
    requestId: string;
    log: Logger;
    /** The caller's address; null when the server cannot tell. */
    ip: string | null;
    session?: Session;
    /** Only behind the session middleware: `c.get('ctx')` in a handler goes through `ctxOf`. */
    ctx?: Ctx;
    /** What the API key of this request may do; absent for people, whom their role alone limits. */
    scopes?: string[];
    /** The workspace of the API key; absent for people, whose session tells. */
    keyTenant?: { name: string; suspended: { reason: string } | null };
    /** What a form of this page may lead to beside the hub itself, as the policy has it. */
    formAction?: string;
    /** The answer is a service's: whatever it is, no browser may take it for a page of ours. */
    foreign?: boolean;
    /** Fields for the request's log line. */
    route?: string;
  };
}

/** What the server hands over with a request; all of it is absent in tests that call `app.request`. */
interface Bindings {
  incoming?: { complete?: boolean; socket?: { remoteAddress?: string } };
  /** Set when a form's `_method` sent the request round again: the variables of the first round. */
  outer?: Env['Variables'];
}
