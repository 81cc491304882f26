import type { Context } from 'hono';
import { demo } from '../../seeds/demo.ts';
import { Consent, type SandboxApp } from './consent.ts';
import { startEmulator } from './emulator.ts';
import type { FaultEffects } from './faults.ts';
import { type FrontEnv, forward, openFront, type StandIn } from './front.ts';
import { basicCredentials, bearerToken, formFields, parseObject } from './journal.ts';
import { type KnownToken, TokenBook } from './token-book.ts';

export interface SlackOptions {
  port?: number;
  apps?: readonly SandboxApp[];
  /** Tokens that are there from the beginning; `patchbay` is the app's bot. */
  tokens?: Record<string, { user: string; type: 'bot' | 'user'; scopes: readonly string[] }>;
  /** Authorises as this person without showing a page; `login_hint` chooses another one, or `deny`. */
  auto?: string | null;
  /** Token rotation: access tokens for 12 hours, and refresh tokens that work once. */
  refreshTokens?: boolean;
  /** Where uploads go, as the API tells clients: Slack has an origin of its own for them. */
  filesUrl?: string;
}

type C = Context<FrontEnv>;

const world = {
  team: { name: 'Northwind', domain: 'northwind' },
  users: [
    { name: 'ada', real_name: 'Ada', email: 'ada@example.com' },
    { name: 'ben', real_name: 'Ben', email: 'ben@example.com' },
  ],
  channels: [
    { name: 'releases', topic: 'What went out' },
    { name: 'board', topic: 'For few eyes', is_private: true },
  ],
};
/** Opens the list of people for the stand-in itself; callers cannot use it. */
const directory = 'xoxp-directory';
const ownTeam = 'T000000001';

interface Service {
  book: TokenBook;
  consent: Consent;
  settings: { auto: string | null; team_id: string; refresh_tokens: boolean };
  upstream: string;
  /** What the emulator takes itself to be, and where uploads shall go instead. */
  url: string;
  filesUrl: string;
}

/** Slack by emulate, as strict as the real one, with faults on demand. */
export async function startSlack(options: SlackOptions = {}): Promise<StandIn> {
  const { apps = [demo.applications.slack], tokens = demo.tokens.slack, auto = null } = options;
  const initial = { auto, team_id: ownTeam, refresh_tokens: options.refreshTokens ?? false };
  const settings = { ...initial };
  const book = new TokenBook();
  const learnSeeds = () => {
    for (const [token, { user, type, scopes }] of Object.entries(tokens))
      book.learn(token, { kind: type, account: user, clientId: null, scopes: [...scopes] });
  };
  learnSeeds();
  const front = await openFront({
    port: options.port,
    faults,
    tokens: book,
    settings,
    tokenPath: '/api/oauth.v2.access',
    learn: (c, answer) => learnGranted(book, c, answer),
    reset: () => {
      emulator.reset();
      consent.clear();
      book.clear();
      learnSeeds();
      Object.assign(settings, initial);
    },
  });
  const seededTokens = Object.entries(tokens).map(([token, about]) => ({ token, ...about, scopes: [...about.scopes] }));
  const emulator = await startEmulator('slack', front.url, {
    slack: {
      ...world,
      strict_scopes: true,
      oauth_apps: apps.map((app) => ({ ...app, name: 'Patchbay', bot_name: 'patchbay' })),
      tokens: [...seededTokens, { token: directory, user: 'admin', scopes: ['users:read'] }],
    },
  });
  const upstream = emulator.url;
  const consent = new Consent({
    upstream,
    apps,
    decisionPath: '/oauth/v2/authorize/callback',
    accountField: 'user_id',
    accountId: async (name) => (await people(upstream)).find((person) => person.name === name)?.id,
    auto: () => settings.auto,
  });
  const service = { book, consent, settings, upstream, url: front.url, filesUrl: options.filesUrl ?? front.url };
  front.app
    .get('/oauth/v2/authorize', (c) => consent.authorize(c))
    .post('/oauth/v2/authorize/callback', (c) => consent.decide(c))
    .post('/api/oauth.v2.access', (c) => exchange(c, service))
    .all('/api/:method', (c) => api(c, service))
    .all('*', (c) => forward(c, upstream));
  return {
    url: front.url,
    control: front.control,
    close: async () => {
      await front.close();
      await emulator.close();
    },
  };
}

/** Errors are answered with 200, as Slack does. */
async function exchange(c: C, service: Service): Promise<Response> {
  const { consent, upstream, book } = service;
  const basic = basicCredentials(c.req.header('authorization'));
  const sent = await formFields(c);
  const client = basic ? { ...sent, client_id: basic.user, client_secret: basic.password } : sent;
  if (!consent.knows(client)) return forward(c, upstream);
  if (client.grant_type === 'refresh_token') return refresh(c, service, client.refresh_token ?? '');
  const id = consent.redeem(client);
  if (!id) return c.json({ ok: false, error: 'invalid_code' });
  c.set('account', (await people(upstream)).find((person) => person.id === id)?.name ?? id);
  const answer = await inTeam(await forward(c, upstream), service);
  if (!service.settings.refresh_tokens) return answer;
  const fields = parseObject(await answer.text());
  return c.json({ ...fields, ...renewal(book, String(fields.access_token)) });
}

function refresh(c: C, { book, settings }: Service, token: string): Response {
  const renewed = book.renew(token, 'xoxe.xoxb-1-');
  if (!renewed) return c.json({ ok: false, error: 'invalid_refresh_token' });
  const { scopes } = renewed.known;
  const team = { id: settings.team_id, name: world.team.name };
  const about = { ok: true, access_token: renewed.token, token_type: 'bot', scope: scopes.join(','), team };
  return c.json({ ...about, ...renewal(book, renewed.token) });
}

const renewal = (book: TokenBook, token: string) => ({
  expires_in: 12 * 3600,
  refresh_token: book.refreshTokenFor(token, 'xoxe-1-'),
});

/** The bot's token, and the person's when user scopes were asked for. */
function learnGranted(book: TokenBook, c: C, answer: Record<string, unknown>) {
  if (c.get('entry').grant_type === 'refresh_token') return; // the book made it
  const about = { account: c.get('account'), clientId: c.get('entry').client_id };
  const learn = (kind: string, token: unknown, scope: unknown) =>
    token &&
    book.learn(String(token), {
      ...about,
      kind,
      scopes: String(scope ?? '')
        .split(',')
        .filter(Boolean),
    });
  const person = answer.authed_user as { access_token?: string; scope?: string } | undefined;
  learn('bot', answer.access_token, answer.scope);
  learn('user', person?.access_token, person?.scope);
}

/** A method of the Web API; the methods of emulate need a token, `auth.revoke` is ours. */
async function api(c: C, service: Service): Promise<Response> {
  const fields = await formFields(c);
  const token = bearerToken(c.req.header('authorization')) ?? fields.token ?? '';
  if (!token) return c.json({ ok: false, error: 'not_authed' });
  const known = service.book.find(token);
  if (known?.state !== 'active') return c.json({ ok: false, error: whyNot(known) });
  if (c.req.param('method') === 'auth.revoke') return revoke(c, service.book, token, fields.test);
  const authorization = `Bearer ${known.upstream}`;
  const asked = c.req.method === 'GET' ? { form: new URL(c.req.url).searchParams } : {}; // the emulator knows POST alone
  const answer = await forward(c, service.upstream, { headers: { authorization }, ...asked });
  answer.headers.set('x-oauth-scopes', known.scopes.join(','));
  return inTeam(answer, service);
}

function whyNot(known: KnownToken | undefined): string {
  if (known?.state === 'revoked') return 'token_revoked';
  return known ? 'token_expired' : 'invalid_auth';
}

function revoke(c: C, book: TokenBook, token: string, test: string | undefined): Response {
  const revoked = !test || test === 'false' || test === '0';
  if (revoked) book.revoke({ token });
  return c.json({ ok: true, revoked });
}

/** Names the workspace that is set, and the origin for uploads; the emulator knows one of each. */
async function inTeam(answer: Response, { settings, url, filesUrl }: Pick<Service, 'settings' | 'url' | 'filesUrl'>) {
  if (!answer.headers.get('content-type')?.includes('json')) return answer;
  const text = (await answer.text())
    .replaceAll(`"${ownTeam}"`, JSON.stringify(settings.team_id))
    .replaceAll(`"${url}/upload/`, `"${filesUrl}/upload/`);
  const headers = new Headers(answer.headers);
  headers.delete('content-length');
  return new Response(text, { status: answer.status, headers });
}

/** Everybody in the workspace; their ids change when the stand-in is reset. */
async function people(upstream: string): Promise<{ id: string; name: string }[]> {
  const headers = { authorization: `Bearer ${directory}` };
  const answer = await fetch(`${upstream}/api/users.list`, { method: 'POST', headers });
  return ((await answer.json()) as { members: { id: string; name: string }[] }).members;
}

const faults: FaultEffects = {
  rate_limited: async (_c, { retry_after = 30 }) =>
    Response.json(
      { ok: false, error: 'ratelimited' },
      { status: 429, headers: { 'retry-after': String(retry_after) } },
    ),
  error_in_200: async (_c, { body = { ok: false, error: 'fatal_error' } }) => Response.json(body),
};
