import { type Static, Type } from '@sinclair/typebox';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import { component, Instant, Nullable, OneOf, Uuid } from './components.ts';

export const ConnectionResponse = component(
  'ConnectionResponse',
  Type.Object(
    {
      id: Uuid('Of the connection.'),
      tenant_id: Uuid('Of the workspace.'),
      connector_id: Uuid('Of the connector that it belongs to.'),
      user_id: Nullable(Type.String({ format: 'uuid' }), 'Whose own it is; null for the whole workspace’s.'),
      toolkit_slug: Nullable(Type.String(), 'The toolkit that it is for; null for all of the connector.'),
      auth_config_id: Nullable(Type.String({ format: 'uuid' }), 'How it is connected at a broker; null elsewhere.'),
      external_account_id: Nullable(Type.String(), 'The account’s id at the service; null until it was asked.'),
      account_label: Nullable(Type.String(), 'The account as people know it.'),
      status: OneOf(['initiated', 'active', 'expired', 'failed', 'inactive', 'revoked']),
      status_reason: Nullable(Type.String(), 'Why it is not active.'),
      health: OneOf(['healthy', 'degraded', 'unhealthy', 'unknown']),
      health_message: Nullable(Type.String(), 'What the last check found.'),
      health_checked_at: Nullable(Type.String({ format: 'date-time' }), 'When it was last checked.'),
      scopes: Type.Array(Type.String(), { description: 'What the service granted.' }),
      version: Type.Integer({ description: 'Counts changes.' }),
      last_used_at: Nullable(Type.String({ format: 'date-time' }), 'To the minute; null when it was never used.'),
      created_at: Instant('When it was made.'),
      updated_at: Instant('When it was last changed.'),
    },
    { description: 'An authorised account under a connector.' },
  ),
);

/** The connection as the API shows it. */
export const connectionResponse = (row: ConnectionRow): Static<typeof ConnectionResponse> => ({
  id: row.id,
  tenant_id: row.tenantId,
  connector_id: row.connectorId,
  user_id: row.userId,
  toolkit_slug: row.toolkitSlug,
  auth_config_id: row.authConfigId,
  external_account_id: row.externalAccountId,
  account_label: row.accountLabel,
  status: row.status,
  status_reason: row.statusReason,
  health: row.health,
  health_message: row.healthMessage,
  health_checked_at: row.healthCheckedAt?.toISOString() ?? null,
  scopes: row.scopes,
  version: row.version,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});
