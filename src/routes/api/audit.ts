import { type Static, Type } from '@sinclair/typebox';
import type { AuditEventRow } from '../../db/queries/audit-events.ts';
import { listAudit } from '../../services/audit.ts';
import { ByEntry, Cursor, component, Instant, Limit, ListOf, Nullable, Uuid } from './components.ts';
import { operation } from './operation.ts';

const AuditEventResponse = component(
  'AuditEventResponse',
  Type.Object({
    id: Uuid('Of the event.'),
    action: Type.String({ description: 'For example connector.installed.' }),
    actor: Type.Object({
      type: Type.String(),
      id: Nullable(Type.String({ format: 'uuid' }), 'Null for the system.'),
      name: Type.String(),
    }),
    subject: Type.Object({
      type: Type.String(),
      id: Nullable(Type.String({ format: 'uuid' }), 'The row.'),
      name: Type.String(),
    }),
    details: ByEntry('Names of what changed; never a secret.'),
    request_id: Type.String(),
    ip: Nullable(Type.String(), 'Where the request came from.'),
    created_at: Instant('When it happened.'),
  }),
);

const auditEventResponse = (row: AuditEventRow): Static<typeof AuditEventResponse> => ({
  id: row.id,
  action: row.action,
  actor: { type: row.actorType, id: row.actorId, name: row.actorName },
  subject: { type: row.subjectType, id: row.subjectId, name: row.subjectName },
  details: row.details,
  request_id: row.requestId,
  ip: row.ip,
  created_at: row.createdAt.toISOString(),
});

export const auditOperations = [
  operation(
    {
      method: 'get',
      path: '/api/audit',
      id: 'listAudit',
      summary: 'List who did what, newest first',
      tag: 'Audit',
      role: 'member',
      scope: 'audit:read',
      audit: null,
      input: {
        query: Type.Object(
          {
            q: Type.Optional(Type.String({ maxLength: 200, description: 'Text in the action or in the names.' })),
            action: Type.Optional(Type.String({ maxLength: 100 })),
            subject_id: Type.Optional(Type.String({ format: 'uuid', description: 'Only what happened to this row.' })),
            limit: Limit,
            cursor: Cursor,
          },
          { additionalProperties: false },
        ),
      },
      status: 200,
      response: ListOf(AuditEventResponse),
      example: { query: { limit: '10' } },
    },
    async (ctx, { query }) => {
      const list = await listAudit(ctx, { ...query, subjectId: query.subject_id });
      return { data: list.data.map(auditEventResponse), next_cursor: list.nextCursor };
    },
  ),
];
