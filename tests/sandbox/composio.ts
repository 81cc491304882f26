import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { demo } from '../../seeds/demo.ts';
import { accountRoutes, toolkitRoutes } from './composio-api.ts';
import { catalogOf } from './composio-lists.ts';
import { drifted } from './composio-odd.ts';
import { linkPages, orders } from './composio-orders.ts';
import { ComposioState, Refused } from './composio-state.ts';
import type { FaultEffects } from './faults.ts';
import { type FrontEnv, openFront, type StandIn } from './front.ts';
import { TokenBook } from './token-book.ts';

export interface ComposioOptions {
  port?: number;
  /** Keys that are accepted. */
  keys?: readonly string[];
  /** Decides on the page of a link by itself. */
  auto?: 'allow' | 'deny';
}

/** A server of Composio's API, v3.1, as its SDK asks it; docs/sandbox.md says what can be changed while it runs. */
export async function startComposio({ port, keys = [demo.composioKey], auto }: ComposioOptions = {}): Promise<StandIn> {
  const book = new TokenBook();
  const learnSeeds = () => {
    for (const key of keys) book.learn(key, { kind: 'api_key', account: 'northwind', clientId: null, scopes: [] });
  };
  learnSeeds();
  const initial = {
    auto: auto ?? null,
    drift: false,
    odd: false,
    many_tools: 0,
    link_ttl_s: 600,
    new_version: null as string | null,
  };
  const settings: typeof initial = { ...initial };
  const state = new ComposioState();
  const front = await openFront({
    port,
    faults,
    tokens: book,
    settings,
    tokenPath: '/never',
    orders: orders(state),
    reset: () => {
      book.clear();
      learnSeeds();
      state.clear();
      Object.assign(settings, initial);
    },
  });
  front.app.onError((error, c) => {
    if (error instanceof Refused) return c.json(refusal(error), error.status as 400);
    throw error;
  });
  front.app.notFound((c) => c.json(refusal(new Refused(404, 404, 'HTTP_NotFound', `No route ${c.req.path}.`)), 404));
  front.app.route('/link', linkPages(state, settings));
  front.app.use('/api/*', async (c, next) => {
    state.linkTtlS = settings.link_ttl_s;
    const known = book.find(c.req.header('x-api-key') ?? '')?.state;
    if (known !== 'active') throw new Refused(401, 10401, 'HTTP_Unauthorized', 'Invalid API key provided.');
    await next();
    if (settings.drift && c.res.headers.get('content-type')?.includes('json'))
      c.res = Response.json(drifted(await c.res.json()), { status: c.res.status });
  });
  const catalog = () => catalogOf(settings);
  front.app.route(
    '/api/v3.1',
    new Hono<FrontEnv>().route('/', toolkitRoutes(catalog)).route('/', accountRoutes(state, catalog)),
  );
  return front;
}

const refusal = ({ status, code, slug, message }: Refused) => ({
  error: {
    message,
    code,
    slug,
    status,
    request_id: `req_${randomBytes(6).toString('hex')}`,
    suggested_fix: 'Check the request.',
  },
});

const faults: FaultEffects = {
  rate_limited: async (_c, { retry_after }) =>
    Response.json(
      { message: 'Rate limit exceeded. Try again later.' },
      {
        status: 429,
        headers:
          retry_after === undefined
            ? {}
            : {
                'retry-after': String(retry_after),
                'x-ratelimit': '100',
                'x-ratelimit-remaining': '0',
                'x-ratelimit-window-size': '60s',
              },
      },
    ),
};
