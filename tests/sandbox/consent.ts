import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { FrontEnv } from './front.ts';
import { forward } from './front.ts';

export interface SandboxApp {
  client_id: string;
  client_secret: string;
  /** As registered: a redirect may also go to a path below one of them. */
  redirect_uris: readonly string[];
}

interface ConsentParts {
  upstream: string;
  apps: readonly SandboxApp[];
  /** Where the emulator's page sends the decision, and the field for the chosen account. */
  decisionPath: string;
  accountField: string;
  /** The account's id as the emulator's page sends it, by the name that a `login_hint` gives. */
  accountId: (name: string) => Promise<string | undefined>;
  /** Answers without a page: for `login_hint`, or else as this account. */
  auto: () => string | null;
}

/** What a code was issued for. */
interface Issued {
  account: string;
  clientId: string;
  redirectUri: string;
  challenge: string | null;
}

type C = Context<FrontEnv>;

/**
 * The consent page of an emulator, held to what real services do: redirects are matched with what is registered, PKCE counts, a
 * person may refuse, and nobody gets a code without the page.
 */
export class Consent {
  private readonly parts: ConsentParts;
  private readonly challenges = new Map<string, string>();
  private readonly codes = new Map<string, Issued>();

  constructor(parts: ConsentParts) {
    this.parts = parts;
  }

  clear() {
    this.challenges.clear();
    this.codes.clear();
  }

  /** GET: the page, or the redirect at once. */
  async authorize(c: C): Promise<Response> {
    const { client_id: clientId = '', redirect_uri: redirectUri = '', state = '' } = c.req.query();
    const app = this.parts.apps.find(({ client_id }) => client_id === clientId);
    const registered = app && (redirectUri ? registeredFor(app, redirectUri) : app.redirect_uris[0]);
    if (!registered) return refuse(c);
    const goal = redirectUri || registered;
    this.remember(c, clientId, goal);
    const account = c.req.query('login_hint') ?? this.parts.auto();
    if (account === 'deny') return c.redirect(denial(goal, state));
    if (account) return this.decideAs(c, account, goal);
    return this.page(c, registered, goal, state);
  }

  /** POST: the decision that the page sends. */
  async decide(c: C): Promise<Response> {
    const fields = (await c.req.parseBody()) as Record<string, string>;
    const { client_id: clientId = '', redirect_uri: redirectUri = '' } = fields;
    const app = this.parts.apps.find(({ client_id }) => client_id === clientId);
    if (!app || !registeredFor(app, redirectUri)) return refuse(c);
    const answer = await forward(c, this.parts.upstream);
    this.issued(answer, clientId, fields[this.parts.accountField] ?? '');
    return answer;
  }

  /** Whose code it is, once; undefined when it is not good for this client and address, or the verifier does not fit. */
  redeem({ code = '', client_id, redirect_uri, code_verifier = '' }: Record<string, string>): string | undefined {
    const issued = this.codes.get(code);
    this.codes.delete(code);
    if (!issued || issued.clientId !== client_id) return undefined;
    if (redirect_uri && redirect_uri !== issued.redirectUri) return undefined;
    if (issued.challenge && s256(code_verifier) !== issued.challenge) return undefined;
    return issued.account;
  }

  /** Whether these are an application's id and secret. */
  knows({ client_id, client_secret }: Record<string, string>): boolean {
    return this.parts.apps.some((app) => app.client_id === client_id && app.client_secret === client_secret);
  }

  private remember(c: C, clientId: string, goal: string) {
    const { code_challenge: challenge, state = '' } = c.req.query();
    const key = JSON.stringify([clientId, goal, state]);
    if (challenge) this.challenges.set(key, challenge);
    else this.challenges.delete(key);
  }

  private async decideAs(c: C, account: string, goal: string): Promise<Response> {
    const { upstream, decisionPath, accountField, accountId } = this.parts;
    const id = await accountId(account);
    if (!id) return c.text(`There is no account ${account} here.`, 400);
    const { client_id = '', scope = '', user_scope = '', state = '' } = c.req.query();
    const answer = await fetch(`${upstream}${decisionPath}`, {
      method: 'POST',
      body: new URLSearchParams({ [accountField]: id, redirect_uri: goal, scope, user_scope, state, client_id }),
      redirect: 'manual',
    });
    this.issued(answer, client_id, id);
    return c.redirect(answer.headers.get('location') ?? goal);
  }

  /** The emulator compares the address exactly, so it is asked with the registered one, and its page gets the real one again. */
  private async page(c: C, registered: string, goal: string, state: string): Promise<Response> {
    const url = new URL(c.req.url);
    url.searchParams.set('redirect_uri', registered);
    const answer = await forward(c, this.parts.upstream, { to: url.pathname + url.search });
    const html = (await answer.text()).replaceAll(`value="${escapeHtml(registered)}"`, `value="${escapeHtml(goal)}"`);
    const end = html.lastIndexOf('</form>') + '</form>'.length;
    const cancel = `<p><a class="deny" href="${escapeHtml(denial(goal, state))}">Cancel</a></p>`;
    return c.html(html.slice(0, end) + cancel + html.slice(end));
  }

  private issued(answer: Response, clientId: string, account: string) {
    const location = URL.parse(answer.headers.get('location') ?? '');
    const code = location?.searchParams.get('code');
    if (!location || !code) return;
    const state = location.searchParams.get('state') ?? '';
    for (const name of ['code', 'state']) location.searchParams.delete(name);
    const redirectUri = location.href.replace(/\?$/, '');
    const challenge = this.challenges.get(JSON.stringify([clientId, redirectUri, state])) ?? null;
    this.codes.set(code, { account, clientId, redirectUri, challenge });
  }
}

/** GitHub and Slack let a redirect go to the registered address or below it, on the same origin. */
function registeredFor({ redirect_uris }: SandboxApp, asked: string): string | undefined {
  const url = URL.parse(asked);
  return redirect_uris.find((each) => {
    const { origin, pathname } = new URL(each);
    return url?.origin === origin && `${url.pathname}/`.startsWith(`${pathname.replace(/\/$/, '')}/`);
  });
}

const refuse = (c: C) => c.text('No application is registered with this id and address.', 400);

function denial(goal: string, state: string): string {
  const url = new URL(goal);
  url.searchParams.set('error', 'access_denied');
  url.searchParams.set('error_description', 'The user has denied your application access.');
  if (state) url.searchParams.set('state', state);
  return url.href;
}

const s256 = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

const escapeHtml = (text: string) =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
