import { type Static, Type } from '@sinclair/typebox';
import type { MemberRow } from '../../db/queries/members.ts';
import { roles } from '../../lib/role.ts';
import { changeRole, listMembers, removeMember } from '../../services/people/members.ts';
import { ById, component, Instant, ListOf, OneOf, pageOfWhole, Uuid, WholeQuery } from './components.ts';
import { operation } from './operation.ts';

const exampleId = { id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78' };

const MemberResponse = component(
  'MemberResponse',
  Type.Object({
    id: Uuid('Of the membership.'),
    user: Type.Object({ id: Uuid('Of the person.'), name: Type.String(), email: Type.String() }),
    role: OneOf(roles),
    api_keys: Type.Integer({ description: 'How many API keys they made that are in force.' }),
    joined_at: Instant('When they came into this workspace.'),
  }),
);

const MemberUpdate = component(
  'MemberUpdate',
  Type.Object({ role: OneOf(roles, { title: 'Role' }) }, { additionalProperties: false }),
);

const memberResponse = (row: MemberRow): Static<typeof MemberResponse> => ({
  id: row.id,
  user: { id: row.userId, name: row.name, email: row.email },
  role: row.role,
  api_keys: row.keys,
  joined_at: row.createdAt.toISOString(),
});

/** Who belongs to the workspace is decided by people who are signed in, never by a program. */
export const memberOperations = [
  operation(
    {
      method: 'get',
      path: '/api/members',
      id: 'listMembers',
      summary: 'List who belongs to the workspace, by name',
      tag: 'Members',
      role: 'member',
      scope: null,
      audit: null,
      input: { query: WholeQuery },
      status: 200,
      response: ListOf(MemberResponse),
      example: {},
    },
    async (ctx, { query }) => pageOfWhole((await listMembers(ctx)).map(memberResponse), query, ({ id }) => id),
  ),
  operation(
    {
      method: 'patch',
      path: '/api/members/:id',
      id: 'changeRole',
      summary: 'Change a member’s role',
      description:
        'It counts from their next request on. Only owners decide about owners; the last owner stays one (409).',
      tag: 'Members',
      role: 'admin',
      scope: null,
      audit: 'member.role_changed',
      input: { params: ById, body: MemberUpdate },
      status: 200,
      response: MemberResponse,
      example: { params: exampleId, body: { role: 'admin' } },
    },
    async (ctx, { params, body }) => memberResponse(await changeRole(ctx, params.id, body.role)),
  ),
  operation(
    {
      method: 'delete',
      path: '/api/members/:id',
      id: 'removeMember',
      summary: 'Remove a member, or leave',
      description:
        'Their sessions in this workspace and the API keys that they made end at once. Everybody may remove themselves; the last owner stays (409).',
      tag: 'Members',
      role: 'admin',
      scope: null,
      audit: 'member.removed',
      input: { params: ById },
      status: 204,
      response: null,
      example: { params: exampleId },
    },
    async (ctx, { params }) => {
      await removeMember(ctx, params.id);
      return null;
    },
  ),
];
