import { type Static, Type } from '@sinclair/typebox';
import { decideApproval, getApproval, listApprovals, type ShownApproval } from '../../services/approvals/approvals.ts';
import { ById, Cursor, component, exampleId, Instant, Limit, ListOf, Nullable, OneOf, Uuid } from './components.ts';
import { operation } from './operation.ts';

const Status = () => OneOf(['pending', 'approved', 'refused', 'expired', 'withdrawn']);

const ApprovalResponse = component(
  'ApprovalResponse',
  Type.Object({
    id: Uuid('Of the approval, and of the execution.'),
    tool: Type.String(),
    title: Type.String({ description: 'What the tool is called.' }),
    status: Status(),
    arguments: Type.Unknown({
      description: 'What it would be called with, without what looks like a secret; null once it has begun or is over.',
    }),
    connector: Type.Object({ id: Uuid('Of the connector.'), name: Type.String() }),
    api_key: Type.Object({ id: Uuid('Of the key.'), name: Type.String() }),
    made_by: Type.Object({ id: Uuid('Of who made the key.'), name: Type.String() }),
    note: Nullable(Type.String(), 'What was said with the decision.'),
    decided_by: Nullable(Type.String(), 'Null while it waits, and when nobody decided.'),
    decided_at: Nullable(Type.String({ format: 'date-time' }), 'The same.'),
    expires_at: Instant('Until when somebody can decide; once approved, when it has to have begun.'),
    created_at: Instant('When it was asked for.'),
  }),
);

const approvalResponse = (row: ShownApproval): Static<typeof ApprovalResponse> => ({
  id: row.id,
  tool: row.tool,
  title: row.title,
  status: row.status,
  arguments: row.arguments,
  connector: { id: row.connectorId, name: row.connectorName },
  api_key: { id: row.keyId, name: row.keyName },
  made_by: { id: row.makerId, name: row.makerName },
  note: row.note,
  decided_by: row.decidedByName,
  decided_at: row.decidedAt?.toISOString() ?? null,
  expires_at: row.expiresAt.toISOString(),
  created_at: row.createdAt.toISOString(),
});

export const approvalOperations = [
  operation(
    {
      method: 'get',
      path: '/api/approvals',
      id: 'listApprovals',
      summary: 'List calls that wait, or waited, for an admin, newest first',
      tag: 'Tools',
      role: 'admin',
      scope: 'approvals:read',
      audit: null,
      input: {
        query: Type.Object(
          { status: Type.Optional(Status()), limit: Limit, cursor: Cursor },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(ApprovalResponse),
      example: { query: { status: 'pending' } },
    },
    async (ctx, { query }) => {
      const { data, nextCursor } = await listApprovals(ctx, query);
      return { data: data.map(approvalResponse), next_cursor: nextCursor };
    },
  ),
  operation(
    {
      method: 'get',
      path: '/api/approvals/:id',
      id: 'getApproval',
      summary: 'Get one of them',
      tag: 'Tools',
      role: 'admin',
      scope: 'approvals:read',
      audit: null,
      input: { params: ById },
      status: 200,
      response: ApprovalResponse,
      example: { params: { id: exampleId } },
    },
    async (ctx, { params }) => approvalResponse(await getApproval(ctx, params.id)),
  ),
  operation(
    {
      method: 'post',
      path: '/api/approvals/:id/approval',
      id: 'decideApproval',
      summary: 'Approve or refuse a call',
      description:
        'The first decision counts; a later one is 409 `invalid_transition`. What was approved runs within seconds, once, as the key that asked. A key decides neither about its own calls nor about those of other keys of its maker.',
      tag: 'Tools',
      role: 'admin',
      scope: 'approvals:write',
      audit: 'approval.refused',
      input: {
        params: ById,
        body: Type.Object(
          {
            decision: OneOf(['approve', 'refuse'], { title: 'Decision' }),
            note: Type.Optional(
              Type.String({ maxLength: 500, title: 'Note', description: 'Who asked gets to see it.' }),
            ),
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ApprovalResponse,
      example: { params: { id: exampleId }, body: { decision: 'refuse', note: 'Not before the release.' } },
    },
    async (ctx, { params, body }) => approvalResponse(await decideApproval(ctx, params.id, body)),
  ),
];
