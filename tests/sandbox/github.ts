import type { Context } from 'hono';
import { demo } from '../../seeds/demo.ts';
import { Consent, type SandboxApp } from './consent.ts';
import { startEmulator } from './emulator.ts';
import type { FaultEffects } from './faults.ts';
import { type FrontEnv, forward, openFront, type StandIn } from './front.ts';
import { basicCredentials, bearerToken, formFields, parseObject } from './journal.ts';
import { type KnownToken, TokenBook } from './token-book.ts';

export interface GithubOptions {
  port?: number;
  apps?: readonly SandboxApp[];
  /** Personal access tokens that are there from the beginning. */
  tokens?: Record<string, { login: string; scopes: readonly string[] }>;
  /** Authorises as this account without showing a page; `login_hint` chooses another one, or `deny`. */
  auto?: string | null;
  /** As a GitHub App does it: tokens for 8 hours, and refresh tokens that work once. */
  refreshTokens?: boolean;
}

type C = Context<FrontEnv>;

const logins = ['hubot', 'octocat'];

/** octocat has more repositories than fit on two pages, hubot has one; both are members of northwind. */
const world = {
  users: [
    { login: 'octocat', name: 'The Octocat', email: 'octocat@example.com' },
    { login: 'hubot', name: 'Hubot', email: 'hubot@example.com' },
  ],
  orgs: [{ login: 'northwind', name: 'Northwind', members: logins.map((login) => ({ login, role: 'admin' })) }],
  repos: [
    { owner: 'octocat', name: 'hello-world', description: 'My first repository', language: 'JavaScript' },
    { owner: 'octocat', name: 'secret-plans', description: 'Nobody else sees this', private: true },
    ...Array.from({ length: 63 }, (_, n) => ({ owner: 'octocat', name: `project-${String(n + 1).padStart(2, '0')}` })),
    { owner: 'hubot', name: 'scripts', language: 'CoffeeScript' },
    { owner: 'northwind', name: 'shop', description: 'The web shop', language: 'TypeScript' },
  ],
};

/** GitHub by emulate, as strict as the real one, with faults on demand. */
export async function startGithub(options: GithubOptions = {}): Promise<StandIn> {
  const { apps = [demo.applications.github], tokens = demo.tokens.github } = options;
  const initial = { auto: options.auto ?? null, refresh_tokens: options.refreshTokens ?? false };
  const settings = { ...initial };
  const book = new TokenBook();
  const learnSeeds = () => {
    for (const [token, { login, scopes }] of Object.entries(tokens))
      book.learn(token, { kind: 'personal', account: login, clientId: null, scopes: [...scopes] });
  };
  learnSeeds();
  const front = await openFront({
    port: options.port,
    faults,
    tokens: book,
    settings,
    tokenPath: '/login/oauth/access_token',
    learn: (c, { access_token, scope }) => {
      if (c.get('entry').grant_type === 'refresh_token') return; // the book made it
      const about = { account: c.get('account'), clientId: c.get('entry').client_id, scopes: splitScopes(scope) };
      book.learn(String(access_token), { kind: 'oauth', ...about });
    },
    reset: () => {
      emulator.reset();
      consent.clear();
      book.clear();
      learnSeeds();
      Object.assign(settings, initial);
    },
  });
  const emulator = await startEmulator('github', front.url, {
    tokens: Object.fromEntries(
      Object.entries(tokens).map(([token, who]) => [token, { ...who, scopes: [...who.scopes] }]),
    ),
    github: { ...world, oauth_apps: apps.map((app) => ({ ...app, name: 'Patchbay' })) },
  });
  const consent = new Consent({
    upstream: emulator.url,
    apps,
    decisionPath: '/login/oauth/callback',
    accountField: 'login',
    accountId: async (login) => (world.users.some((user) => user.login === login) ? login : undefined),
    auto: () => settings.auto,
  });
  front.app
    .get('/login/oauth/authorize', (c) => consent.authorize(c))
    .post('/login/oauth/callback', (c) => consent.decide(c))
    .post('/login/oauth/access_token', (c) => exchange(c, consent, emulator.url, settings.refresh_tokens ? book : null))
    .on(['POST', 'DELETE'], '/applications/:client_id/:what{token|grant}', (c) => application(c, consent, book))
    .all('*', (c) => api(c, book, emulator.url, front.url));
  return {
    url: front.url,
    control: front.control,
    close: async () => {
      await front.close();
      await emulator.close();
    },
  };
}

/** Errors are answered with 200, as GitHub does. */
async function exchange(c: C, consent: Consent, upstream: string, book: TokenBook | null): Promise<Response> {
  const fields = await formFields(c);
  if (!consent.knows(fields)) return forward(c, upstream);
  if (book && fields.grant_type === 'refresh_token') return refresh(c, book, fields.refresh_token ?? '');
  const account = consent.redeem(fields);
  const error = 'bad_verification_code';
  if (!account) return c.json({ error, error_description: 'The code passed is incorrect or expired.' });
  c.set('account', account);
  const answer = await forward(c, upstream);
  if (!book) return answer;
  const granted = parseObject(await answer.text());
  return c.json({ ...granted, ...renewal(book, String(granted.access_token)) });
}

/** The access token before ends at once, as GitHub says. */
function refresh(c: C, book: TokenBook, token: string): Response {
  const renewed = book.renew(token, 'ghu_');
  if (!renewed)
    return c.json({
      error: 'bad_refresh_token',
      error_description: 'The refresh token passed is incorrect or expired.',
    });
  book.revoke({ token: renewed.before });
  return c.json({ access_token: renewed.token, token_type: 'bearer', scope: '', ...renewal(book, renewed.token) });
}

const renewal = (book: TokenBook, token: string) => ({
  expires_in: 8 * 3600,
  refresh_token: book.refreshTokenFor(token, 'ghr_'),
  refresh_token_expires_in: 184 * 24 * 3600,
});

/** POST checks a token, DELETE revokes it, or all of the account's by `grant`; only for the application that it was issued to. */
async function application(c: C, consent: Consent, book: TokenBook): Promise<Response> {
  const basic = basicCredentials(c.req.header('authorization'));
  const client = { client_id: basic?.user ?? '', client_secret: basic?.password ?? '' };
  const { client_id, what } = c.req.param() as Record<string, string>;
  if (!consent.knows(client) || client.client_id !== client_id) return refuse(c, 404, 'Not Found');
  const { access_token: token = '' } = await formFields(c);
  const known = book.find(token);
  if (known?.state !== 'active' || known.clientId !== client_id) return refuse(c, 404, 'Not Found');
  if (c.req.method === 'POST')
    return c.json({ token, scopes: known.scopes, user: { login: known.account }, app: { client_id } });
  for (const match of what === 'grant' ? [{ account: known.account, kind: 'oauth' }] : [{ token }]) book.revoke(match);
  return c.body(null, 204);
}

/** The REST API: without a token as the public sees it, with one only if it is good. */
async function api(c: C, book: TokenBook, upstream: string, url: string): Promise<Response> {
  const token = bearerToken(c.req.header('authorization'));
  const known = token === null ? undefined : book.find(token);
  if (token !== null && known?.state !== 'active') return refuse(c, 401, 'Bad credentials');
  if (await lacksTitle(c))
    return c.json(
      {
        message: 'Validation Failed',
        errors: [{ resource: 'Issue', code: 'missing_field', field: 'title' }],
        status: '422',
      },
      422,
    );
  const answer = await forward(c, upstream, known && { headers: { authorization: `Bearer ${known.upstream}` } });
  if (answer.status === 403 && c.req.method === 'GET') return refuse(c, 404, 'Not Found'); // what one may not see is not there
  const link = answer.headers.get('link');
  if (link) answer.headers.set('link', link.replaceAll(upstream, url)); // else the next page would go past the front
  if (known) tellScopes(answer, known);
  return answer;
}

async function lacksTitle(c: C): Promise<boolean> {
  if (c.req.method !== 'POST' || !/^\/repos\/[^/]+\/[^/]+\/issues$/.test(c.req.path)) return false;
  return !(await formFields(c)).title;
}

function tellScopes({ headers }: Response, { scopes }: KnownToken) {
  headers.set('x-oauth-scopes', scopes.join(', '));
  headers.set('x-accepted-oauth-scopes', '');
}

const refuse = (c: C, status: 401 | 404, message: string) =>
  c.json({ message, documentation_url: 'https://docs.github.com/rest', status: String(status) }, status);

const splitScopes = (scope: unknown) =>
  String(scope ?? '')
    .split(/[\s,]+/)
    .filter(Boolean);

const seconds = () => Math.floor(Date.now() / 1000);

const limited = (message: string, headers: Record<string, string>) =>
  Response.json({ message, documentation_url: 'https://docs.github.com/rest' }, { status: 403, headers });

const faults: FaultEffects = {
  rate_limited: async (_c, { retry_after = 60 }) =>
    limited('API rate limit exceeded for user ID 1.', {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-used': '5000',
      'x-ratelimit-reset': String(seconds() + retry_after),
      'x-ratelimit-resource': 'core',
    }),
  secondary_rate_limited: async (_c, { retry_after = 60 }) =>
    limited('You have exceeded a secondary rate limit. Please wait a few minutes before you try again.', {
      'retry-after': String(retry_after),
    }),
  quota: async (c, { remaining = 10 }, next) => {
    await next();
    c.res.headers.set('x-ratelimit-remaining', String(remaining));
    c.res.headers.set('x-ratelimit-used', String(5000 - remaining));
    return undefined;
  },
};
