import { type Static, Type } from '@sinclair/typebox';
import type { InvitationRow } from '../../db/queries/invitations.ts';
import { roles } from '../../lib/role.ts';
import {
  inviteMember,
  listInvitations,
  renewInvitation,
  revokeInvitation,
  type SentInvitation,
} from '../../services/people/invitations.ts';
import { ById, component, Instant, ListOf, OneOf, pageOfWhole, Uuid, WholeQuery } from './components.ts';
import { operation } from './operation.ts';

const exampleId = { id: '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78' };
const role = OneOf(roles, { title: 'Role', description: 'At most your own.' });

const InvitationResponse = component(
  'InvitationResponse',
  Type.Object({
    id: Uuid('Of the invitation.'),
    email: Type.String({ description: 'The only address that it works for.' }),
    role,
    invited_by: Type.String({ description: 'The name of whoever invites.' }),
    created_at: Instant('When it was made.'),
    expires_at: Instant('When its link stops working.'),
  }),
);

const InvitationSent = component(
  'InvitationSent',
  Type.Object({
    ...InvitationResponse.properties,
    link: Type.String({ description: 'Works once. It is told here and never again.' }),
    emailed: Type.Boolean({
      description: 'Whether the mail server took the link. When it is false, pass the link on by hand.',
    }),
  }),
);

const InvitationCreate = component(
  'InvitationCreate',
  Type.Object(
    { email: Type.String({ maxLength: 255, title: 'E-mail address' }), role },
    { additionalProperties: false },
  ),
);

const invitationResponse = (row: InvitationRow): Static<typeof InvitationResponse> => ({
  id: row.id,
  email: row.email,
  role: row.role,
  invited_by: row.invitedBy,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt.toISOString(),
});

const invitationSent = ({ link, emailed, ...row }: SentInvitation): Static<typeof InvitationSent> => ({
  ...invitationResponse(row),
  link,
  emailed,
});

const base = { tag: 'Members', role: 'admin', scope: null } as const;

/** People invite people; no program does. */
export const invitationOperations = [
  operation(
    {
      ...base,
      method: 'get',
      path: '/api/invitations',
      id: 'listInvitations',
      summary: 'List invitations that can still be accepted, newest first',
      audit: null,
      input: { query: WholeQuery },
      status: 200,
      response: ListOf(InvitationResponse),
      example: {},
    },
    async (ctx, { query }) => pageOfWhole((await listInvitations(ctx)).map(invitationResponse), query, ({ id }) => id),
  ),
  operation(
    {
      ...base,
      method: 'post',
      path: '/api/invitations',
      id: 'inviteMember',
      summary: 'Invite a person',
      description:
        'By a link that works once, within seven days, for this address alone. An earlier invitation of the address ends. The hub sends the link if it sends e-mail; a mail server that does not take it fails nothing.',
      audit: 'invitation.created',
      input: { body: InvitationCreate },
      status: 201,
      response: InvitationSent,
      example: { body: { email: 'new@example.com', role: 'member' } },
    },
    async (ctx, { body }) => invitationSent(await inviteMember(ctx, body)),
  ),
  operation(
    {
      ...base,
      method: 'post',
      path: '/api/invitations/:id/renewal',
      id: 'renewInvitation',
      summary: 'Send an invitation again',
      description: 'With a new link, for another seven days. The link from before stops working.',
      audit: 'invitation.renewed',
      input: { params: ById },
      status: 200,
      response: InvitationSent,
      example: { params: exampleId },
    },
    async (ctx, { params }) => invitationSent(await renewInvitation(ctx, params.id)),
  ),
  operation(
    {
      ...base,
      method: 'delete',
      path: '/api/invitations/:id',
      id: 'revokeInvitation',
      summary: 'Take an invitation back',
      description: 'Its link stops working at once.',
      audit: 'invitation.revoked',
      input: { params: ById },
      status: 204,
      response: null,
      example: { params: exampleId },
    },
    async (ctx, { params }) => {
      await revokeInvitation(ctx, params.id);
      return null;
    },
  ),
];
