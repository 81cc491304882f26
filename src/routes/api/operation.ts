import type { Static, TObject, TSchema } from '@sinclair/typebox';
import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import type { Role } from '../../lib/role.ts';
import type { Limit } from '../../lib/schema/limits.ts';
import type { Scope } from '../../services/api-keys/scopes.ts';
import type { Env } from '../env.ts';
import { ctxOf } from '../middleware/session.ts';

/** What an operation takes, by part of the request. */
export interface Parts {
  params?: TObject;
  query?: TObject;
  body?: TObject;
}

export type Input<P extends Parts> = { [K in keyof P]: P[K] extends TSchema ? Static<P[K]> : undefined };

/** One operation of the JSON API: the one source for routing, validation, types, documentation and the tests that sweep all routes. */
export interface Operation<P extends Parts = Parts, R extends TSchema = TSchema> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options';
  /** As Hono reads it: `/api/connectors/:id`. */
  path: string;
  /** `operationId`, the verb's name. */
  id: string;
  summary: string;
  description?: string;
  tag:
    | 'Catalog'
    | 'Connectors'
    | 'Connections'
    | 'Tools'
    | 'Budgets'
    | 'Publishing'
    | 'Audit'
    | 'Webhooks'
    | 'API keys'
    | 'Members'
    | 'Account'
    | 'Sign-in';
  /** The lowest role that may call it; `public` needs no sign-in. The service enforces it, this tells it. */
  role: Role | 'public';
  /** What an API key needs for it; null for what only people may do, and for what anybody may. */
  scope: Scope | null;
  /** The audit event that a success writes; null for what changes nothing. */
  audit: string | null;
  input: P;
  /** How much the body may bring, where that is more than usual. */
  limit?: Limit;
  /** `service`: whatever the service answered; the body of both is the service's too. */
  status: 200 | 201 | 204 | 'service';
  /** Whether it can also answer piece by piece, as server-sent events. */
  streams?: true;
  /** Answered with 200 instead of 201 when what was to be made is there already. */
  onceOnly?: boolean;
  /** Answered with 202 when an admin has to approve it first. */
  waits?: true;
  response: R | null;
  /** A request that works on a hub with one connector whose id stands for `{id}`; sent to the running app by a test. */
  example: { params?: Record<string, string>; query?: Record<string, string>; body?: unknown };
}

/** Answers a signed-in caller. */
export type Handler<P extends Parts, R extends TSchema> = (
  ctx: Ctx,
  input: Input<P>,
  c: Context<Env>,
) => Promise<Static<R> | Response | null>;
/** Answers anybody. */
export type PublicHandler<P extends Parts, R extends TSchema> = (
  input: Input<P>,
  c: Context<Env>,
) => Promise<Static<R> | null>;

export interface Mounted {
  operation: Operation;
  handle(c: Context<Env>, input: Input<Parts>): Promise<unknown>;
}

/** Ties an operation for signed-in callers to its handler, with the types of its schemas. */
export const operation = <P extends Parts, R extends TSchema>(
  definition: Operation<P, R>,
  handle: Handler<P, R>,
): Mounted => ({
  operation: definition,
  handle: (c, input) => handle(ctxOf(c), input as Input<P>, c),
});

/** The same for an operation that needs no sign-in. */
export const publicOperation = <P extends Parts, R extends TSchema>(
  definition: Operation<P, R>,
  handle: PublicHandler<P, R>,
): Mounted => ({
  operation: definition,
  handle: (c, input) => handle(input as Input<P>, c),
});
