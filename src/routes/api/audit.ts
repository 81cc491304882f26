import { type Static, Type } from '@sinclair/typebox';
import type { AuditEventRow } from '../../db/queries/audit-events.ts';
import { listAudit } from '../../services/audit.ts';
import { type AuditStanding, getAuditStanding } from '../../services/secrets/audit-standing.ts';
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

const AuditVerificationResponse = component(
  'AuditVerificationResponse',
  Type.Object({
    events: Type.Integer({ description: 'How many are sealed.' }),
    sealed_up_to: Nullable(
      Type.String({ format: 'date-time' }),
      'When the last sealed event happened; null before the first.',
    ),
    verified_at: Nullable(
      Type.String({ format: 'date-time' }),
      'When all seals were last computed again, which is done once a day; null before the first time.',
    ),
    verified_events: Nullable(Type.Integer(), 'How many events were covered by seals that hold at that time.'),
    problems: Type.Array(
      Type.Object({
        seal: Nullable(Type.Integer(), 'The number of the seal; null when it is about no single one.'),
        after: Nullable(Type.String({ format: 'date-time' }), 'When the seal before was made.'),
        until: Nullable(Type.String({ format: 'date-time' }), 'When this one was made: the events are from between.'),
        message: Type.String(),
      }),
      { description: 'What did not hold then, 50 at most; empty when everything did, and before the first time.' },
    ),
  }),
);

const auditVerificationResponse = (standing: AuditStanding): Static<typeof AuditVerificationResponse> => ({
  events: standing.events,
  sealed_up_to: standing.sealedUpTo?.toISOString() ?? null,
  verified_at: standing.verified?.verifiedAt.toISOString() ?? null,
  verified_events: standing.verified?.events ?? null,
  problems: standing.verified?.problems ?? [],
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
  operation(
    {
      method: 'get',
      path: '/api/audit/verification',
      id: 'getAuditVerification',
      summary: 'See how far the activity is sealed, and whether the seals hold',
      tag: 'Audit',
      role: 'member',
      scope: 'audit:read',
      audit: null,
      input: {},
      status: 200,
      response: AuditVerificationResponse,
      example: {},
    },
    async (ctx) => auditVerificationResponse(await getAuditStanding(ctx)),
  ),
];
