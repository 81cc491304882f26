import { createHmac, randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { type Account, accountBody, type ComposioState } from './composio-state.ts';
import type { FrontEnv } from './front.ts';

type C = Context<FrontEnv>;

/** Where a person says yes or no. */
export function linkPages(state: ComposioState, settings: { auto: string | null }) {
  const decide = (c: C, account: Account, allowed: boolean) => {
    account.status = allowed ? 'ACTIVE' : 'FAILED';
    account.reason = allowed ? null : 'The person refused: access_denied.';
    const back = URL.parse(account.callbackUrl ?? '');
    if (!back) return c.text('You may close this window.');
    back.searchParams.set('status', allowed ? 'success' : 'failed');
    back.searchParams.set('connected_account_id', account.id);
    return c.redirect(back.href);
  };
  const pending = (token: string) => {
    const account = state.byLinkToken(token);
    return account?.status === 'INITIATED' ? account : undefined;
  };
  const over = (c: C) => c.text('This link was used already, or has run out.', 410);
  return new Hono<FrontEnv>()
    .get('/:token', (c) => {
      const account = pending(c.req.param('token'));
      if (!account) return over(c);
      const decision = c.req.query('decision') ?? settings.auto;
      return decision ? decide(c, account, decision === 'allow') : c.html(consentPage(account));
    })
    .post('/:token', async (c) => {
      const account = pending(c.req.param('token'));
      return account ? decide(c, account, (await c.req.parseBody()).decision === 'allow') : over(c);
    });
}

const consentPage = ({ authConfig }: Account) => `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Connect ${authConfig.toolkit}</title>
<h1>Connect ${authConfig.toolkit}</h1><p>The sandbox asks for access to ${authConfig.toolkit} as ada.</p>
<form method="post"><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Cancel</button></form>`;

/** Orders of its own, beside those of every stand-in. */
export function orders(state: ComposioState) {
  return new Hono()
    .get('/accounts', (c) => c.json({ data: [...state.accounts.keys()].map((id) => accountBody(state.account(id))) }))
    .patch('/accounts/:id', async (c) => {
      const account = state.account(c.req.param('id'));
      const { status, reason = null } = await c.req.json();
      Object.assign(account, { status, reason });
      return c.json(accountBody(account));
    })
    .get('/posts', (c) => c.json({ data: [...state.posts].map(([post, count]) => ({ post, count })) }))
    .delete('/auth_configs/:id', (c) => c.json({ deleted: state.authConfigs.delete(c.req.param('id')) }))
    .post('/webhooks', async (c) => {
      const { url, ...given } = await c.req.json();
      const { headers, body } = signedEvent({ ...given, account: accountBody(state.account(given.account_id)) });
      const answer = await fetch(url, { method: 'POST', headers, body });
      return c.json({ status: answer.status, body: await answer.text() });
    });
}

interface Event {
  secret: string;
  account: Pick<ReturnType<typeof accountBody>, 'id' | 'toolkit' | 'auth_config' | 'status' | 'status_reason'>;
  type?: string;
  /** Unix seconds. */
  at?: number;
}

/** A webhook as Composio signs it. */
export function signedEvent({ secret, account, type = 'composio.connected_account.expired', at }: Event) {
  const seconds = at ?? Math.floor(Date.now() / 1000);
  const id = `msg_${randomBytes(8).toString('hex')}`;
  const { toolkit, auth_config, status, status_reason } = account;
  const data = { id: account.id, toolkit, auth_config, status, status_reason };
  const metadata = { project_id: 'pr_sandbox', org_id: 'ok_sandbox' };
  const body = JSON.stringify({ id, type, metadata, data, timestamp: new Date(seconds * 1000).toISOString() });
  const signature = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${signature}`,
    },
    body,
  };
}

/** Drives what only this stand-in has, from any process by its URL. */
export function composioControlOf(url: string) {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/_control${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!response.ok) throw new Error(`${method} /_control${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    accounts: async () => (await ask<{ data: ReturnType<typeof accountBody>[] }>('GET', '/accounts')).data,
    /** Brings an account into another status, as when somebody removes the access at the service. */
    setAccount: (id: string, status: Account['status'], reason?: string) =>
      ask('PATCH', `/accounts/${id}`, { status, reason }),
    /** Each thing that was asked to be made or done, and how often the very same was. */
    posts: async () => (await ask<{ data: { post: string; count: number }[] }>('GET', '/posts')).data,
    deleteAuthConfig: (id: string) => ask('DELETE', `/auth_configs/${id}`),
    /** Sends a signed message about an account to `url`; answers what came back. */
    sendWebhook: (message: { url: string; account_id: string; secret: string; type?: string; at?: number }) =>
      ask<{ status: number; body: string }>('POST', '/webhooks', message),
  };
}
