import type { Context } from 'hono';
import { AppError } from '../../errors.ts';
import { requestPasswordReset, requireResetToken, resetPassword } from '../../services/people/password-reset.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { callerOf } from '../pages/account.ts';
import { paths } from '../paths.ts';
import { errorPage, type PageTools } from '../render.ts';

/** A forgotten password: asking for a link, and setting a new password with it. */
export const passwordResetPages = (tools: PageTools): PageRoute[] => [
  publicPage({ method: 'get', path: paths.forgotPassword, role: 'public', audit: null, example: {} }, (c) =>
    tools.html(c, 'signin/forgot', { mails: mails(tools), sent: false, email: '', error: '' }),
  ),
  publicPage(
    {
      method: 'post',
      path: paths.forgotPassword,
      role: 'public',
      audit: null,
      example: { form: { email: 'ada@example.com' } },
    },
    (c) => askForLink(tools, c),
  ),
  publicPage({ method: 'get', path: paths.resetPassword(':token'), role: 'public', audit: null, example: {} }, (c) =>
    askForPassword(tools, c),
  ),
  publicPage({ method: 'post', path: paths.resetPassword(':token'), role: 'public', audit: null, example: {} }, (c) =>
    setPassword(tools, c),
  ),
];

const mails = ({ hub }: PageTools) => hub.config.mail !== null;

async function askForLink(tools: PageTools, c: Context<Env>): Promise<Response> {
  const email = (await formFields(c))?.get('email') ?? '';
  const page = (error: string, status: number) =>
    tools.html(c, 'signin/forgot', { mails: mails(tools), sent: !error, email: email.trim(), error }, status);
  try {
    await requestPasswordReset(tools.hub, email, callerOf(c));
    return page('', 200);
  } catch (error) {
    if (!(error instanceof AppError) || ![422, 429].includes(error.status)) throw error;
    if (error.retryAfter) c.header('Retry-After', String(error.retryAfter));
    return page(error.errors?.email?.join(' ') ?? error.message, error.status);
  }
}

async function askForPassword(tools: PageTools, c: Context<Env>): Promise<Response> {
  const token = c.req.param('token') ?? '';
  try {
    await requireResetToken(tools.hub, token);
  } catch (error) {
    return deadLink(tools, c, error);
  }
  return tools.html(c, 'signin/reset', { token, errors: {} });
}

/** Where a new link is asked for, when this one is used up. */
function deadLink(tools: PageTools, c: Context<Env>, error: unknown): Response {
  if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
  return errorPage(tools, c, error, { label: 'Ask for a new link', path: paths.forgotPassword });
}

async function setPassword(tools: PageTools, c: Context<Env>): Promise<Response> {
  const token = c.req.param('token') ?? '';
  const new_password = (await formFields(c))?.get('new_password');
  try {
    await resetPassword(tools.hub, { token, new_password }, callerOf(c));
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) return deadLink(tools, c, error);
    return tools.html(c, 'signin/reset', { token, errors: error.errors }, 422);
  }
  leaveNotice(c, tools.hub, { tone: 'ok', text: 'Your new password is saved.' });
  return tools.redirect(c, paths.signin);
}
