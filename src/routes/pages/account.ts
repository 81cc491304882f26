import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import type { FieldErrors } from '../../errors.ts';
import { browserName } from '../../lib/user-agent.ts';
import type { AccountEventKind, Caller } from '../../services/brokers/account-history.ts';
import { type Account, type Here, showAccount } from '../../services/people/account.ts';
import { showSecondFactor } from '../../services/people/second-factor.ts';
import type { Env } from '../env.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { AccountPage } from '../view-models/account.ts';
import { settingsNav } from './settings.ts';

/** Where the request comes from. */
export const callerOf = (c: Context<Env>): Caller => ({
  ip: c.get('ip'),
  userAgent: c.req.header('user-agent') ?? null,
});

/** The same with the request's session. */
export const hereOf = (c: Context<Env>): Here => ({
  ...callerOf(c),
  sessionId: c.get('session')?.sessionId ?? '',
});

/** What a form of the page was sent with, when it was refused. */
interface Refused {
  errors: FieldErrors;
  name?: string;
}

/** The account page; with what was refused, beside its fields. */
export async function accountPage(tools: PageTools, ctx: Ctx, c: Context<Env>, refused?: Refused): Promise<Response> {
  const account = await showAccount(ctx, hereOf(c));
  const shell = await tools.shell(c, ctx, { title: 'Your account', tab: null });
  const factor = await showSecondFactor(ctx, shell.user.email);
  const model: AccountPage = {
    tenantId: ctx.tenantId,
    email: shell.user.email,
    name: refused?.name ?? shell.user.name,
    errors: refused?.errors ?? {},
    hasPassword: account.hasPassword,
    secondFactor: factor.state === 'on' ? factor : null,
    sessions: account.sessions.map(sessionOf),
    events: account.history.map(eventOf),
  };
  return tools.html(
    c,
    'account/index',
    { shell, nav: settingsNav(ctx, paths.account), account: model },
    refused ? 422 : 200,
  );
}

const sessionOf = (session: Account['sessions'][number]): AccountPage['sessions'][number] => ({
  id: session.id,
  device: browserName(session.userAgent),
  ip: session.ipAddress ?? '',
  usedAt: session.updatedAt,
  startedAt: session.createdAt,
  current: session.current,
});

const labels: Record<AccountEventKind, string> = {
  signed_in: 'Signed in',
  sign_in_failed: 'Wrong password at sign-in',
  signed_in_by_provider: 'Signed in with single sign-on',
  provider_connected: 'Single sign-on connected',
  provider_refused: 'Single sign-on refused',
  renamed: 'Name changed',
  password_changed: 'Password changed',
  reset_link_made: 'Link to set a new password made',
  password_reset: 'Password set by a link',
  second_factor_added: 'Second factor switched on',
  second_factor_removed: 'Second factor switched off',
  recovery_code_used: 'Recovery code used',
  recovery_codes_renewed: 'New recovery codes made',
  wrong_code: 'Wrong code of the second factor',
  session_ended: 'Another browser signed out',
  all_sessions_ended: 'Signed out everywhere',
};

const eventOf = (event: Account['history'][number]): AccountPage['events'][number] => ({
  label: labels[event.kind as AccountEventKind] ?? event.kind,
  bad: ['sign_in_failed', 'wrong_code', 'provider_refused'].includes(event.kind),
  device: event.userAgent === null && event.ip === null ? 'by an operator' : browserName(event.userAgent),
  ip: event.ip ?? '',
  at: event.createdAt,
});
