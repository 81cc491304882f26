import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { inviteMember, renewInvitation, revokeInvitation } from '../../services/people/invitations.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { membersPage } from '../pages/members.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** Inviting people by a link that is shown once, sending it again, and taking invitations back. */
export const invitationForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'post',
      path: paths.invitations,
      role: 'admin',
      audit: 'invitation.created',
      example: { form: { email: 'new@example.com', role: 'member' } },
    },
    (ctx, c) => invite(tools, ctx, c),
  ),
  page(
    {
      method: 'post',
      path: paths.invitationRenewal(':id'),
      role: 'admin',
      audit: 'invitation.renewed',
      example: {},
    },
    async (ctx, c) => membersPage(tools, ctx, c, { made: await renewInvitation(ctx, idOf(c)) }),
  ),
  page(
    { method: 'delete', path: paths.invitation(':id'), role: 'admin', audit: 'invitation.revoked', example: {} },
    async (ctx, c) => {
      const { email } = await revokeInvitation(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', text: `The invitation of ${email} was taken back. Its link is dead.` });
      return tools.redirect(c, paths.members);
    },
  ),
];

async function invite(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const fields = await formFields(c);
  const sent = { email: fields?.get('email') ?? '', role: fields?.get('role') ?? '' };
  try {
    return await membersPage(tools, ctx, c, { made: await inviteMember(ctx, sent) });
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return membersPage(tools, ctx, c, { sent, errors: error.errors });
  }
}
