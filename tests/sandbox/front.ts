import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { type Control, controlOf, type Fault, type JournalEntry, type TokenInfo, type TokenMatch } from './control.ts';
import { commonFaults, type FaultEffects, FaultPlan } from './faults.ts';
import { Journal, parseObject } from './journal.ts';

export interface FrontEnv {
  Bindings: HttpBindings;
  Variables: {
    entry: JournalEntry;
    /** The connection was cut, so there is no status. */
    cut: boolean;
    /** Whose code is being redeemed. */
    account: string;
  };
}

export interface StandIn {
  /** Without a trailing slash; always on 127.0.0.1. */
  url: string;
  control: Control;
  close(): Promise<void>;
}

/** The tokens that a stand-in has issued or was seeded with, as its control reaches them. */
export interface TokenKeeper {
  list(): TokenInfo[];
  revoke(match: TokenMatch): number;
  expire(match: TokenMatch): number;
  /** Null when the service cannot do that. */
  reassign?(match: TokenMatch, to: string): number;
}

interface FrontParts {
  /** 0 or left out: a free one. */
  port?: number;
  /** The service's own ways to fail. */
  faults?: FaultEffects;
  tokens: TokenKeeper;
  /** Where tokens are issued, and what to learn from the fields that were answered. */
  tokenPath: string;
  learn?: (c: Context<FrontEnv>, answer: Record<string, unknown>) => void;
  /** Settings that the control may change while it runs. */
  settings?: Record<string, unknown>;
  /** Adds a client while the service runs; left out where that cannot be done. */
  register?: (client: Record<string, unknown>) => void;
  /** Further orders that it takes under `/_control`. */
  orders?: Hono;
  /** Brings the service back to its seeds. */
  reset: () => void | Promise<void>;
}

export interface Front {
  url: string;
  /** The service's routes go here: what is not answered by one of them is not found. */
  app: Hono<FrontEnv>;
  control: Control;
  journal: Journal;
  close(): Promise<void>;
}

/** The server in front of a service: control, journal and faults, then whatever is added to `app`. */
export async function openFront(parts: FrontParts): Promise<Front> {
  const journal = new Journal();
  const plan = new FaultPlan();
  const effects = { ...commonFaults, ...parts.faults };
  const app = new Hono<FrontEnv>();
  app.route('/_control', controlRoutes(parts, journal, plan, effects));
  if (parts.orders) app.route('/_control', parts.orders);
  app.use(async (c, next) => {
    const entry = await journal.begin(c);
    c.set('entry', entry);
    await next();
    if (!c.get('cut')) entry.status = c.res.status;
  });
  app.use(async (c, next) => {
    const fault = plan.take(c.req.method, c.req.path);
    if (!fault) return next();
    c.get('entry').fault = fault.fault;
    return effects[fault.fault]?.(c, fault, next) ?? next();
  });
  app.use(parts.tokenPath, async (c, next) => {
    await next();
    const answer = tokenFields(c.res, await c.res.clone().text());
    if (!answer.access_token && !(answer.authed_user as { access_token?: string } | undefined)?.access_token) return;
    c.get('entry').granted = true;
    parts.learn?.(c, answer);
  });
  const { server, url } = await listen(app.fetch as Parameters<typeof serve>[0]['fetch'], parts.port);
  return { url, app, control: controlOf(url), journal, close: () => closeServer(server) };
}

function controlRoutes(parts: FrontParts, journal: Journal, plan: FaultPlan, effects: FaultEffects) {
  const { tokens, settings = {} } = parts;
  const done = { ok: true };
  return new Hono()
    .post('/faults', async (c) => {
      const fault = await c.req.json<Fault>();
      if (!effects[fault.fault]) return c.json({ message: `This service has no fault “${fault.fault}”.` }, 422);
      plan.add(fault);
      return c.json(fault, 201);
    })
    .get('/faults', (c) => c.json({ data: plan.list() }))
    .delete('/faults', (c) => {
      plan.clear();
      return c.json(done);
    })
    .get('/requests', (c) => {
      const path = c.req.query('path');
      return c.json({ data: journal.entries.filter((entry) => !path || entry.path === path) });
    })
    .delete('/requests', (c) => {
      journal.clear();
      return c.json(done);
    })
    .get('/counts', (c) => c.json(journal.counts()))
    .get('/tokens', (c) => c.json({ data: tokens.list() }))
    .post('/tokens/revoke', async (c) => c.json({ count: tokens.revoke(await c.req.json()) }))
    .post('/tokens/expire', async (c) => c.json({ count: tokens.expire(await c.req.json()) }))
    .post('/tokens/reassign', async (c) => {
      const { to, ...match } = await c.req.json();
      if (!tokens.reassign) return c.json({ message: 'Tokens of this service stay with their account.' }, 422);
      return c.json({ count: tokens.reassign(match, to) });
    })
    .post('/clients', async (c) => {
      if (!parts.register) return c.json({ message: 'Applications of this service are there from the start.' }, 422);
      parts.register(await c.req.json());
      return c.json(done, 201);
    })
    .patch('/settings', async (c) => {
      const values = await c.req.json<Record<string, unknown>>();
      const unknown = Object.keys(values).filter((name) => !(name in settings));
      if (unknown.length) return c.json({ message: `This service has no setting ${unknown.join(', ')}.` }, 422);
      return c.json(Object.assign(settings, values));
    })
    .post('/reset', async (c) => {
      plan.clear();
      journal.clear();
      await parts.reset();
      return c.json(done);
    });
}

function tokenFields(response: Response, text: string): Record<string, unknown> {
  const type = response.headers.get('content-type') ?? '';
  return type.includes('urlencoded') ? Object.fromEntries(new URLSearchParams(text)) : parseObject(text);
}

interface Forwarded {
  /** Path and query, when not the ones asked for. */
  to?: string;
  headers?: Record<string, string | undefined>;
  /** Sent by POST in place of what the caller sent. */
  form?: URLSearchParams;
}

/** Asks the service behind the front, as the caller asked; redirects are passed on. */
export async function forward(c: Context<FrontEnv>, upstream: string, { to, headers, form }: Forwarded = {}) {
  const { pathname, search } = new URL(c.req.url);
  const bare = ['GET', 'HEAD'].includes(c.req.method);
  return proxy(`${upstream}${to ?? pathname + search}`, {
    method: form ? 'POST' : c.req.method,
    headers: {
      ...c.req.header(),
      host: undefined,
      connection: undefined,
      'content-length': undefined,
      'x-forwarded-host': c.req.header('host'),
      'x-forwarded-proto': 'http',
      ...headers,
    },
    body: form ?? (bare ? undefined : await c.req.arrayBuffer()),
    redirect: 'manual',
  });
}

/** Serves on 127.0.0.1 and nowhere else. */
function listen(fetch: Parameters<typeof serve>[0]['fetch'], port = 0): Promise<{ server: Server; url: string }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: '127.0.0.1' }) as Server;
    server.once('error', reject);
    server.once('listening', () =>
      resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
    );
  });
}

/** Also ends what hangs. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
