import { type Static, Type } from '@sinclair/typebox';
import { listCredentials } from '../../services/credentials/credential-history.ts';
import { type Rotated, rollBackCredential, rotateCredential } from '../../services/credentials/credential-rotation.ts';
import {
  ByEntry,
  ById,
  component,
  Instant,
  ListOf,
  Nullable,
  OneOf,
  pageOfWhole,
  Uuid,
  WholeQuery,
} from './components.ts';
import { Step } from './health-schemas.ts';
import { operation } from './operation.ts';

const CredentialRotate = component(
  'CredentialRotate',
  Type.Object(
    {
      credential: ByEntry(
        'The new secrets by their names in the connector’s `auth`, such as `password`. For an account that was authorised: `access_token`, and `refresh_token` and `expires_at` where there are such.',
      ),
    },
    { additionalProperties: false },
  ),
);

const RotationResponse = component(
  'CredentialRotation',
  Type.Object({
    connection_id: Uuid('Of the connection.'),
    message: Type.String({ description: 'What the test of the credential found.' }),
    steps: Type.Array(Step, { description: 'What it went through.' }),
    rollback_until: Nullable(
      Type.String({ format: 'date-time' }),
      'Until when the credential before is kept; null after a rollback.',
    ),
  }),
);

const rotationResponse = ({
  connectionId,
  message,
  steps,
  rollbackUntil,
}: Rotated): Static<typeof RotationResponse> => ({
  connection_id: connectionId,
  message,
  steps,
  rollback_until: rollbackUntil?.toISOString() ?? null,
});

const CredentialVersion = component(
  'CredentialVersion',
  Type.Object(
    {
      version: Type.Integer(),
      state: OneOf(['pending', 'current', 'previous', 'revoked'], {
        description: '`previous` is kept for a while; of what is `revoked` nothing is left but this.',
      }),
      kind: OneOf(['grant', 'obtained', 'entered'], {
        description:
          '`grant`: what the service gave to a person; `obtained`: what the hub got with the client’s own credentials; `entered`: what was typed.',
      }),
      ended_by: Nullable(
        Type.String(),
        'What ended it: `rotated`, `rolled_back`, `rejected`, `refreshed`, `reconnected` or `revoked`.',
      ),
      scopes: Type.Array(Type.String()),
      expires_at: Nullable(Type.String({ format: 'date-time' }), 'When it ends by itself.'),
      verified_at: Nullable(Type.String({ format: 'date-time' }), 'When it first worked.'),
      kept_until: Nullable(Type.String({ format: 'date-time' }), 'Until when its contents are kept.'),
      created_by_name: Nullable(Type.String(), 'Who brought it about.'),
      created_at: Instant('When it came.'),
    },
    { description: 'One version of a connection’s credential, without its contents.' },
  ),
);

const History = Type.Object({
  ...ListOf(CredentialVersion).properties,
  rollback_until: Nullable(
    Type.String({ format: 'date-time' }),
    'Until when the last rotation can be rolled back; null when it cannot.',
  ),
});

const iso = (at: Date | null) => at?.toISOString() ?? null;

/** Rotation of what a connection uses. */
export const credentialOperations = [
  operation(
    {
      method: 'post',
      path: '/api/connections/:id/rotate',
      id: 'rotateCredential',
      summary: 'Rotate the credential of a connection',
      description:
        'The new one is stored, tested, and used only if the service knows the same account by it; otherwise nothing changes (422). The one before is kept for 24 hours, and comes back by itself when the new one is refused within ten minutes.',
      tag: 'Connections',
      role: 'admin',
      scope: 'connections:write',
      audit: 'connection.credential_rotated',
      input: { params: ById, body: CredentialRotate },
      status: 200,
      response: RotationResponse,
      example: { body: { credential: { password: 'correct horse battery staple' } } },
    },
    async (ctx, { params, body }) => rotationResponse(await rotateCredential(ctx, params.id, body.credential)),
  ),
  operation(
    {
      method: 'post',
      path: '/api/connections/:id/rollback',
      id: 'rollBackCredential',
      summary: 'Go back to the credential before',
      description: 'It is tested first; the one that it replaces is forgotten.',
      tag: 'Connections',
      role: 'admin',
      scope: 'connections:write',
      audit: 'connection.credential_rolled_back',
      input: { params: ById },
      status: 200,
      response: RotationResponse,
      example: {},
    },
    async (ctx, { params }) => rotationResponse(await rollBackCredential(ctx, params.id)),
  ),
  operation(
    {
      method: 'get',
      path: '/api/connections/:id/credentials',
      id: 'listCredentials',
      summary: 'List the versions of a connection’s credential',
      description: 'The newest first; the last 50. No answer holds a secret.',
      tag: 'Connections',
      role: 'member',
      scope: 'connections:read',
      audit: null,
      input: { params: ById, query: WholeQuery },
      status: 200,
      response: History,
      example: {},
    },
    async (ctx, { params, query }) => {
      const { versions, rollbackUntil } = await listCredentials(ctx, params.id);
      const data = versions.map((row) => ({
        version: row.version,
        state: row.state,
        kind: row.kind,
        ended_by: row.endedBy,
        scopes: row.scopes,
        expires_at: iso(row.expiresAt),
        verified_at: iso(row.verifiedAt),
        kept_until: iso(row.keptUntil),
        created_by_name: row.createdByName,
        created_at: row.createdAt.toISOString(),
      }));
      const page = pageOfWhole(data, query, ({ version }) => String(version));
      return { ...page, rollback_until: iso(rollbackUntil) };
    },
  ),
];
