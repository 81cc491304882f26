import { type Ctx, requireRole, rolesUpTo } from '../../context.ts';
import type { Role } from '../../lib/role.ts';
import { changeRole, getMember, removeMember } from '../../services/people/members.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { memberQuestion, membersPage } from '../pages/members.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Confirm } from '../view-models/dialog.ts';

const admin = { role: 'admin' } as const;

/** Who belongs to the workspace: the list, and the questions before a role changes or somebody goes. */
export const memberForms = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.members, role: 'member', audit: null, example: {} }, (ctx, c) =>
    membersPage(tools, ctx, c),
  ),
  page({ ...admin, method: 'get', path: paths.memberRole(':id'), audit: null, example: {} }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'change roles');
    return memberQuestion(tools, ctx, c, roleQuestion(ctx, await getMember(ctx, idOf(c))));
  }),
  page(
    {
      ...admin,
      method: 'put',
      path: paths.member(':id'),
      audit: 'member.role_changed',
      example: { form: { role: 'admin' } },
    },
    async (ctx, c) => {
      const { name, role } = await changeRole(ctx, idOf(c), (await formFields(c))?.get('role'));
      leaveNotice(c, tools.hub, { tone: 'ok', name, text: `is ${role === 'member' ? 'a' : 'an'} ${role} now.` });
      return tools.redirect(c, paths.members);
    },
  ),
  page({ ...admin, method: 'get', path: paths.memberRemoval(':id'), audit: null, example: {} }, async (ctx, c) =>
    memberQuestion(tools, ctx, c, removalQuestion(ctx, await getMember(ctx, idOf(c)))),
  ),
  page(
    { ...admin, method: 'delete', path: paths.member(':id'), audit: 'member.removed', example: {} },
    async (ctx, c) => {
      const { name } = await removeMember(ctx, idOf(c));
      leaveNotice(c, tools.hub, { tone: 'ok', name, text: 'no longer belongs to this workspace.' });
      return tools.redirect(c, paths.members);
    },
  ),
];

type Known = Awaited<ReturnType<typeof getMember>>;

function roleQuestion(ctx: Ctx, { member, keyNames }: Known): Confirm {
  const roles = rolesUpTo(ctx.actor);
  return {
    title: `Change ${member.name}’s role`,
    tenantId: ctx.tenantId,
    method: 'PUT',
    path: paths.member(member.id),
    back: paths.members,
    consequences: [
      'It counts from their next request on.',
      ...(keyNames.length ? [`API keys that they made never do more than the new role: ${keyNames.join(', ')}.`] : []),
    ],
    submit: 'Change role',
    keep: 'Cancel',
    select: {
      name: 'role',
      label: 'Role',
      options: roles.map((role) => ({ value: role, label: meaning[role], chosen: role === member.role })),
    },
  };
}

const meaning: Record<Role, string> = {
  member: 'Member: sees and uses connectors',
  admin: 'Admin: also changes connectors, keys and members',
  owner: 'Owner: may do everything',
};

function removalQuestion(ctx: Ctx, { member, keyNames, accounts, sessions }: Known): Confirm {
  const self = member.userId === ctx.actor.id;
  const who = self ? 'You' : member.name;
  return {
    title: self ? 'Leave this workspace?' : `Remove ${member.name}?`,
    tenantId: ctx.tenantId,
    method: 'DELETE',
    path: paths.member(member.id),
    back: paths.members,
    consequences: [
      `${who} can no longer see or use anything here. What ${self ? 'you' : 'they'} installed stays.`,
      sessions
        ? `${sessions === 1 ? '1 browser is' : `${sessions} browsers are`} signed out at once.`
        : 'No browser is signed in here.',
      keyNames.length ? `These API keys stop working at once: ${keyNames.join(', ')}.` : 'No API key stops working.',
      ...(accounts.length ? [`These accounts of their own are disconnected: ${accounts.join(', ')}.`] : []),
    ],
    submit: self ? 'Leave' : 'Remove',
    keep: self ? 'Stay' : 'Keep',
    select: null,
  };
}
