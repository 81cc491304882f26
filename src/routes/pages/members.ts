import type { Context } from 'hono';
import { type Ctx, mayActAs, rolesUpTo } from '../../context.ts';
import type { MemberRow } from '../../db/queries/members.ts';
import type { FieldErrors } from '../../errors.ts';
import { capital } from '../../lib/capital.ts';
import { listInvitations } from '../../services/people/invitations.ts';
import { listMembers } from '../../services/people/members.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { isPartial } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';
import type { InvitePanel, MemberRowView } from '../view-models/settings.ts';
import { frame, settingsNav } from './settings.ts';

interface Shown {
  confirm?: Confirm;
  /** The link that was just made. */
  made?: InvitePanel['made'];
  /** What the form was sent with, when it was refused. */
  sent?: { email: string; role: string };
  errors?: FieldErrors;
}

/** Everybody who belongs to the workspace; behind a question, or with what came of inviting somebody. */
export async function membersPage(tools: PageTools, ctx: Ctx, c: Context<Env>, shown: Shown = {}): Promise<Response> {
  const { value, failure } = await orFailure(listMembers(ctx));
  const status = shown.errors ? 422 : 200;
  return tools.html(
    c,
    'settings/members',
    {
      shell: await frame(tools, ctx, c, 'Members', shown.confirm),
      nav: settingsNav(ctx, paths.members),
      members: {
        rows: value?.map((row) => memberRow(ctx, row)) ?? [],
        locked: mayActAs(ctx.actor, 'admin')
          ? ''
          : 'Only owners and admins can change who belongs here. Ask one of them.',
        invite: mayActAs(ctx.actor, 'admin') ? await invitePanel(ctx, shown) : null,
        failure,
      },
    },
    status,
  );
}

async function invitePanel(ctx: Ctx, { made = null, sent, errors = {} }: Shown): Promise<InvitePanel> {
  const roles = rolesUpTo(ctx.actor);
  const { value } = await orFailure(listInvitations(ctx));
  return {
    tenantId: ctx.tenantId,
    email: sent?.email ?? '',
    roles: roles.map((role) => ({ value: role, label: capital(role), chosen: role === sent?.role })),
    errors,
    mails: ctx.hub.config.mail !== null,
    made,
    pending: value ?? [],
  };
}

/** Over the page that is there, or with the list behind it. */
export const memberQuestion = (tools: PageTools, ctx: Ctx, c: Context<Env>, confirm: Confirm) =>
  isPartial(c) ? tools.html(c, 'settings/_confirm', { confirm }) : membersPage(tools, ctx, c, { confirm });

function memberRow(ctx: Ctx, row: MemberRow): MemberRowView {
  const self = row.userId === ctx.actor.id;
  const decides = mayActAs(ctx.actor, row.role === 'owner' ? 'owner' : 'admin');
  const { id, name, email, role, createdAt, keys } = row;
  return { id, name, email, role, keys, joinedAt: createdAt, self, mayChange: decides, mayRemove: decides || self };
}
