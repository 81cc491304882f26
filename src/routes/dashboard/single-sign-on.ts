import type { Context } from 'hono';
import { AppError, type FieldErrors } from '../../errors.ts';
import { sameOriginPath } from '../../lib/same-origin-path.ts';
import type { Step } from '../../services/single-sign-on/entrance.ts';
import { createSingleSignOn, type SingleSignOn } from '../../services/single-sign-on/single-sign-on.ts';
import type { Env } from '../env.ts';
import { asAppError } from '../errors.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { callerOf } from '../pages/account.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

const open = { role: 'public', audit: null, example: {} } as const;

/** To the provider and back. It is a browser that comes here, so what goes wrong ends on a page. */
export function singleSignOnPages(tools: PageTools): PageRoute[] {
  const sso = createSingleSignOn(tools.hub);
  return [
    publicPage({ ...open, method: 'get', path: paths.singleSignOn }, (c) => orPage(tools, c, begin(tools, sso, c))),
    publicPage({ ...open, method: 'get', path: paths.singleSignOnCallback }, (c) =>
      orPage(tools, c, complete(tools, sso, c)),
    ),
    publicPage({ ...open, method: 'get', path: paths.signinConnection }, (c) =>
      orPage(tools, c, askForPassword(tools, sso, c)),
    ),
    publicPage({ ...open, method: 'post', path: paths.signinConnection }, (c) =>
      orPage(tools, c, connect(tools, sso, c)),
    ),
  ];
}

async function begin(tools: PageTools, sso: SingleSignOn, c: Context<Env>): Promise<Response> {
  const next = sameOriginPath(c.req.query('next'), tools.url(paths.catalog));
  const { url, setCookies } = await sso.begin(next, stepOf(c));
  setAll(c, setCookies);
  return c.redirect(url, 303);
}

async function complete(tools: PageTools, sso: SingleSignOn, c: Context<Env>): Promise<Response> {
  const arrival = await sso.complete(new URL(c.req.url).searchParams, stepOf(c));
  setAll(c, arrival.setCookies);
  if (arrival.state === 'to_connect') return tools.redirect(c, paths.signinConnection);
  return c.redirect(sameOriginPath(arrival.next, tools.url(paths.catalog)), 303);
}

async function askForPassword(
  tools: PageTools,
  sso: SingleSignOn,
  c: Context<Env>,
  errors: FieldErrors = {},
  status = 200,
): Promise<Response> {
  const { email, secondFactor } = await sso.lookAtConnection(c.req.raw.headers);
  return tools.html(c, 'signin/connection', { email, secondFactor, provider: sso.name ?? '', errors }, status);
}

async function connect(tools: PageTools, sso: SingleSignOn, c: Context<Env>): Promise<Response> {
  const fields = await formFields(c);
  const proof = { password: fields?.get('password') ?? '', code: fields?.get('code') ?? '' };
  try {
    const { setCookies, next } = await sso.connect(proof, stepOf(c));
    setAll(c, setCookies);
    return c.redirect(sameOriginPath(next, tools.url(paths.catalog)), 303);
  } catch (error) {
    if (!(error instanceof AppError) || (!error.errors && !error.retryAfter)) throw error;
    if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
    return askForPassword(tools, sso, c, error.errors ?? { password: [error.message] }, error.status);
  }
}

async function orPage(tools: PageTools, c: Context<Env>, answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (thrown) {
    const error = asAppError(c, thrown);
    if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
    const page = {
      status: error.status,
      title: 'This sign-in did not work',
      message: error.message,
      requestId: c.get('requestId'),
      next: { label: 'Back to sign-in', path: paths.signin },
    };
    return tools.html(c, 'errors/page', page, error.status);
  }
}

const stepOf = (c: Context<Env>): Step => ({
  ...callerOf(c),
  headers: c.req.raw.headers,
  requestId: c.get('requestId'),
});

function setAll(c: Context<Env>, cookies: string[]): void {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true });
}
