import type { Context } from 'hono';
import type { Env } from '../env.ts';
import type { PageTools } from '../render.ts';
import type { SignInPage } from '../view-models/models.ts';

/** The page that asks who somebody is; with what was refused. */
export function signInPage(
  tools: PageTools,
  c: Context<Env>,
  { email = '', next, error = '', errors = {} }: Partial<SignInPage> & Pick<SignInPage, 'next'>,
  status = 200,
): Response {
  const provider = tools.hub.config.singleSignOn?.name ?? null;
  return tools.html(c, 'signin/index', { email, next, error, errors, provider }, status);
}
