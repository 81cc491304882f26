import type { Person } from '../support/cast.ts';
import { codeOf, secondFactor } from '../support/second-factor.ts';
import { type CanaryHub, cookiesOf } from './canary-hub.ts';
import { keyOf, type Way } from './canary-ways.ts';

const last = (link: string) =>
  link
    .split('/')
    .at(-1)
    ?.replace(/[^\w-].*$/s, '');
const linkIn = (text: string, kind: string) => new RegExp(`${kind}/([\\w-]{16,})`).exec(text)?.[1];

/** Somebody who was invited and came: their address, session and password. */
async function guest(at: CanaryHub, name: string) {
  const email = `${name}@example.com`;
  const mails = at.mail.received.length;
  const invited = await at.ask('POST', '/api/invitations', { body: { email, role: 'member' }, wants: 201 });
  const token = last(invited.json.link);
  at.book.tell(token, invited.place);
  at.book.tell(token, (await at.mailAfter(mails)).place);
  const to = `/invitations/${token}`;
  // The page that the link opens posts to itself.
  at.book.tell(token, (await at.ask('GET', to, { as: null, wants: 200 })).place);
  const short = await at.ask('POST', to, { as: null, form: { name: '', password: at.book.text() }, wants: 422 });
  at.book.tell(token, short.place);
  const secret = at.book.text();
  const joined = await at.ask('POST', to, { as: null, form: { name, password: secret }, wants: 303 });
  return { email, cookie: cookiesOf(joined), secret };
}

export const peopleWays: Way[] = [
  {
    name: 'in addresses, headers and cookies',
    go: async (at) => {
      const query = () => encodeURIComponent(at.book.text());
      await at.ask('GET', `/api/installed?token=${query()}`, {
        as: null,
        headers: { authorization: `Bearer pbk_${at.book.word()}` },
      });
      await at.ask('GET', `/api/installed?api_key=${query()}`, { as: `patchbay.session=${query()}` });
      await at.ask('POST', '/mcp', { as: `pbk_${at.book.word()}`, body: { id: 1 } });
      await at.ask('GET', '/metrics', { as: null, headers: { authorization: `Bearer ${at.book.word()}` } });
      await at.ask('GET', `/reset-password/${at.book.word()}`, { as: null });
      await at.ask('GET', `/invitations/${at.book.word()}`, { as: null });
      await at.ask('POST', '/oauth/token', {
        as: null,
        form: { grant_type: 'refresh_token', refresh_token: at.book.text() },
      });
    },
  },
  {
    name: 'keys of the hub',
    go: async (at) => {
      const made = await keyOf(at, ['connectors:read']);
      await at.ask('GET', '/api/installed', { as: made, wants: 200 });
      const form = {
        name: `Key by form ${Math.random()}`,
        role: 'member',
        scopes: 'connectors:read',
        expires_at: 'never',
      };
      const shown = await at.ask('POST', '/settings/api-keys', { form });
      at.book.tell(/pbk_\w{36}/.exec(shown.text)?.[0], shown.place);
    },
  },
  {
    name: 'a webhook’s signing secret',
    go: async (at) => {
      const fields = { url: `${at.service.url}/hooks`, events: ['connection.created'] };
      const { json, place } = await at.ask('POST', '/api/webhooks', { body: fields, wants: 201 });
      at.book.tell(json.secret, place);
      const to = `/api/webhooks/${json.id}`;
      await at.ask('POST', `${to}/test`);
      const renewed = await at.ask('POST', `${to}/secret`);
      at.book.tell(renewed.json.secret, renewed.place);
      const form = await at.ask('POST', `/settings/webhooks/${json.id}/secret`, { form: { _method: 'PUT' } });
      at.book.tell(/whsec_[\w+/=]+/.exec(form.text)?.[0], form.place);
      await refusedTest(at, to);
      await at.ask('DELETE', to);
    },
  },
  {
    name: 'invited, and a password chosen, changed and reset',
    go: async (at, round) => {
      const { email, cookie, secret } = await guest(at, `guest${round}`);
      const change = (current_password: string, new_password: string) =>
        at.ask('POST', '/settings/account/password', { as: cookie, form: { current_password, new_password } });
      await change(at.book.text(), at.book.text());
      await change(secret, 'short');
      await change(secret, at.book.text());
      await at.ask('POST', '/api/auth/sign-in/email', {
        as: null,
        body: { email, password: at.book.text() },
        wants: 401,
      });
      await at.ask('POST', '/signin', { as: null, form: { email, password: at.book.text() }, wants: 401 });
      const mails = at.mail.received.length;
      await at.ask('POST', '/forgot-password', { as: null, form: { email }, wants: 200 });
      const mail = await at.mailAfter(mails);
      await reset(at, linkIn(mail.text, 'reset-password'), mail.place);
      const { out, place } = await at.command('reset-password', ['--email', email]);
      const again = await reset(at, linkIn(out, 'reset-password'), place);
      await at.signIn(email, again);
    },
  },
  {
    name: 'a second factor',
    go: async (at, round) => {
      const { cookie, secret, email } = await guest(at, `factor${round}`);
      const as = { cookie } as Person;
      await at.ask('POST', secondFactor, { as: as.cookie, form: {}, wants: 303 });
      const shown = await at.ask('GET', secondFactor, { as: cookie, wants: 200 });
      const seed = /id="secret" type="text" value="([A-Z2-7 ]+)"/.exec(shown.text)?.[1] ?? '';
      for (const spelling of [seed, seed.replaceAll(' ', '')]) at.book.tell(spelling, shown.place);
      const confirm = (code: string, current_password: string) =>
        at.ask('POST', `${secondFactor}/confirmation`, { as: cookie, form: { code, current_password } });
      const wrong = await confirm(codeOf(seed), at.book.text());
      for (const spelling of [seed, seed.replaceAll(' ', '')]) at.book.tell(spelling, wrong.place);
      const done = await confirm(codeOf(seed), secret);
      const codes = [...done.text.matchAll(/<code>([A-Z2-9-]{19})<\/code>/g)].map(([, code]) => code ?? '');
      if (codes.length < 5) throw new Error(done.text);
      for (const code of codes) at.book.tell(code, done.place);
      const half = await at.ask('POST', '/signin', { as: null, form: { email, password: secret } });
      await at.ask('POST', '/signin/code', { as: cookiesOf(half), form: { code: at.book.word() } });
      await at.ask('POST', '/signin/code', { as: cookiesOf(half), form: { code: codes[0] ?? '' }, wants: 303 });
    },
  },
  {
    name: 'given to the operator’s pages',
    go: async (at, round) => {
      const application = (client_secret: string, wants: number) =>
        at.ask('POST', '/operator/entries/slack/application', {
          form: { _method: 'PUT', client_id: '1234567890.1234567890', client_secret, scopes: 'chat:write' },
          wants,
        });
      await application(at.book.word().padEnd(32, 'f').slice(0, 32), 303);
      await application(at.book.text(), 422);
      const tenant = (more: object) =>
        at.ask('POST', '/operator/tenants', {
          form: {
            name: `Tailspin ${round}`,
            owner_name: 'Cleo',
            email: `cleo${round}@example.com`,
            password: at.book.text(),
            ...more,
          },
        });
      await tenant({ email: 'nobody' });
      await tenant({});
      await at.command('tenant', ['--name', `Contoso ${round}`, '--email', `dora${round}@example.com`], {
        PASSWORD: at.book.text(),
      });
    },
  },
];

async function refusedTest(at: CanaryHub, to: string) {
  at.service.accepts = false;
  await at.ask('POST', `${to}/test`);
  at.service.accepts = true;
}

/** By the link that this place tells; returns the new password. */
async function reset(at: CanaryHub, token: string | undefined, place: string): Promise<string> {
  at.book.tell(token, place);
  const to = `/reset-password/${token}`;
  at.book.tell(token, (await at.ask('GET', to, { as: null, wants: 200 })).place);
  at.book.tell(token, (await at.ask('POST', to, { as: null, form: { new_password: 'short' }, wants: 422 })).place);
  const secret = at.book.text();
  await at.ask('POST', to, { as: null, form: { new_password: secret }, wants: 303 });
  return secret;
}
