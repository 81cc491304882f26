import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { changePassword, endAllSessions, endSession, renameSelf } from '../../services/people/account.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { type PageRoute, page } from '../page.ts';
import { accountPage, hereOf } from '../pages/account.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** Changes to one's own account. */
export const accountForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'post',
      path: paths.accountName,
      role: 'member',
      audit: 'member.renamed',
      example: { form: { name: 'Ben' } },
    },
    (ctx, c) =>
      submitted(tools, ctx, c, 'Your name is saved.', (fields) =>
        renameSelf(ctx, hereOf(c), { name: fields.get('name') }),
      ),
  ),
  page(
    {
      method: 'post',
      path: paths.accountPassword,
      role: 'member',
      audit: null,
      example: { form: { current_password: 'correct horse battery', new_password: 'staple battery horse' } },
    },
    (ctx, c) =>
      submitted(tools, ctx, c, 'Your password is changed. Other browsers were signed out.', async (fields) => {
        const input = { current_password: fields.get('current_password'), new_password: fields.get('new_password') };
        const { token } = await changePassword(ctx, hereOf(c), input);
        c.header('Set-Cookie', await tools.identity.cookieFor(token), { append: true });
      }),
  ),
  page({ method: 'delete', path: paths.accountSessions, role: 'member', audit: null, example: {} }, async (ctx, c) => {
    await endAllSessions(ctx, hereOf(c));
    const { setCookies } = await tools.identity.signOut(c.req.raw.headers);
    for (const cookie of setCookies) c.header('Set-Cookie', cookie, { append: true });
    return tools.redirect(c, paths.signin);
  }),
  page(
    { method: 'delete', path: paths.accountSession(':session'), role: 'member', audit: null, example: {} },
    (ctx, c) =>
      submitted(tools, ctx, c, 'That browser is signed out.', () =>
        endSession(ctx, hereOf(c), c.req.param('session') ?? ''),
      ),
  ),
];

/** Back to the page with a notice, or the page with what was wrong beside its fields. */
async function submitted(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  text: string,
  change: (fields: Map<string, string>) => Promise<void>,
): Promise<Response> {
  const fields = (await formFields(c)) ?? new Map<string, string>();
  try {
    await change(fields);
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return accountPage(tools, ctx, c, { errors: error.errors, name: fields.get('name') });
  }
  leaveNotice(c, tools.hub, { tone: 'ok', text });
  return tools.redirect(c, paths.account);
}
