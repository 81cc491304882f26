import type { Context } from 'hono';
import { AppError } from '../../errors.ts';
import { sameOriginPath } from '../../lib/same-origin-path.ts';
import type { Env } from '../env.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, publicPage } from '../page.ts';
import { callerOf } from '../pages/account.ts';
import { signInPage } from '../pages/sign-in.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** The second page of a sign-in, for people with a second factor. */
export const secondStepPages = (tools: PageTools): PageRoute[] => [
  publicPage({ method: 'get', path: paths.signinCode, role: 'public', audit: null, example: {} }, (c) =>
    tools.html(c, 'signin/code', { next: c.req.query('next') ?? '', error: '' }),
  ),
  publicPage(
    { method: 'post', path: paths.signinCode, role: 'public', audit: null, example: { form: { code: '123456' } } },
    (c) => secondStep(tools, c),
  ),
];

/** From the first page to the second, with what this browser has to show there. */
export async function toSecondStep(tools: PageTools, c: Context<Env>, userId: string, next: string) {
  c.header('Set-Cookie', await tools.identity.awaitSecondFactor(userId), { append: true });
  return tools.redirect(c, next ? `${paths.signinCode}?${new URLSearchParams({ next })}` : paths.signinCode);
}

async function secondStep(tools: PageTools, c: Context<Env>): Promise<Response> {
  const fields = await formFields(c);
  const next = fields?.get('next') ?? '';
  try {
    const input = { code: fields?.get('code') ?? '', headers: c.req.raw.headers, ...callerOf(c) };
    const { setCookies } = await tools.identity.completeSignIn(input);
    for (const cookie of setCookies) c.header('Set-Cookie', cookie, { append: true });
    return c.redirect(sameOriginPath(next, tools.url(paths.catalog)), 303);
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
    if (error.errors || error.retryAfter)
      return tools.html(c, 'signin/code', { next, error: error.message }, error.status);
    return signInPage(tools, c, { next, error: error.message }, error.status);
  }
}
