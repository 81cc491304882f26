import type { Context } from 'hono';
import { AppError } from '../../errors.ts';
import { sameOriginPath } from '../../lib/same-origin-path.ts';
import { SecondFactorRequired } from '../../services/people/second-factor-check.ts';
import { completeSetup, requireSetupToken, setupState } from '../../services/tenants/setup.ts';
import type { Env } from '../env.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { signInPage } from '../pages/sign-in.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { toSecondStep } from './second-step.ts';

/** Sign-in, sign-out and the first set-up: the pages for people who are not signed in. */
export const entrancePages = (tools: PageTools): PageRoute[] => [
  publicPage({ method: 'get', path: paths.signin, role: 'public', audit: null, example: {} }, async (c) => {
    if (await tools.identity.readSession(c.req.raw.headers)) return c.redirect(nextOf(tools, c.req.query('next')), 303);
    return signInPage(tools, c, { next: c.req.query('next') ?? '', error: await whySetUpFirst(tools) });
  }),
  publicPage(
    {
      method: 'post',
      path: paths.signin,
      role: 'public',
      audit: null,
      example: { form: { email: 'ada@example.com', password: 'correct horse battery' } },
    },
    (c) => signIn(tools, c),
  ),
  publicPage({ method: 'post', path: paths.signout, role: 'public', audit: null, example: {} }, async (c) => {
    const { setCookies } = await tools.identity.signOut(c.req.raw.headers);
    setAll(c, setCookies);
    const { next = '' } = await textFields(c);
    return c.redirect(sameOriginPath(next, tools.url(paths.signin)), 303);
  }),
  publicPage({ method: 'get', path: paths.setup, role: 'public', audit: null, example: {} }, async (c) => {
    const token = c.req.query('token') ?? '';
    await requireSetupToken(tools.hub, token);
    return tools.html(c, 'setup/index', { token, values: { tenant_name: '', name: '', email: '' }, errors: {} });
  }),
  publicPage({ method: 'post', path: paths.setup, role: 'public', audit: 'tenant.created', example: {} }, (c) =>
    setUp(tools, c),
  ),
];

async function signIn(tools: PageTools, c: Context<Env>): Promise<Response> {
  const { email = '', password = '', next = '' } = await textFields(c);
  const errors = {
    ...(!email.trim() && { email: ['Enter your e-mail address.'] }),
    ...(!password && { password: ['Enter your password.'] }),
  };
  const again = (error: string, status: number) => signInPage(tools, c, { email, next, error, errors }, status);
  if (Object.keys(errors).length) return again('', 422);
  try {
    const { setCookies } = await tools.identity.signIn({
      email,
      password,
      ip: c.get('ip'),
      userAgent: c.req.header('user-agent') ?? null,
      headers: c.req.raw.headers,
    });
    setAll(c, setCookies);
    return c.redirect(nextOf(tools, next), 303);
  } catch (error) {
    if (error instanceof SecondFactorRequired) return toSecondStep(tools, c, error.userId, next);
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
    return again(error.message, error.status);
  }
}

async function setUp(tools: PageTools, c: Context<Env>): Promise<Response> {
  const fields = await textFields(c);
  const { token = '', tenant_name = '', name = '', email = '', password = '' } = fields;
  try {
    await completeSetup(tools.hub, { token, tenant_name, name, email, password });
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return tools.html(c, 'setup/index', { token, values: { tenant_name, name, email }, errors: error.errors }, 422);
  }
  const { setCookies } = await tools.identity.signIn({
    email,
    password,
    ip: c.get('ip'),
    userAgent: c.req.header('user-agent') ?? null,
  });
  setAll(c, setCookies);
  return tools.redirect(c, paths.catalog);
}

/** The text fields of a form post; files and repeated fields count as absent. */
async function textFields(c: Context<Env>): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

const nextOf = (tools: PageTools, next: string | undefined) => sameOriginPath(next, tools.url(paths.catalog));

function setAll(c: Context<Env>, cookies: string[]) {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true });
}

const whySetUpFirst = async ({ hub }: PageTools) =>
  (await setupState(hub)) === 'open'
    ? 'Nobody can sign in yet. Open the link that was printed when the hub started, and create the first workspace there.'
    : '';
