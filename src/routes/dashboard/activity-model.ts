import type { AuditEventRow } from '../../db/queries/audit-events.ts';
import { paths } from '../paths.ts';
import type { ActivityRow } from '../view-models/activity.ts';

/** What can be filtered for, in words. */
export const actionLabels: Record<string, string> = {
  'connector.installed': 'installed',
  'connector.updated': 'changed',
  'connector.activated': 'activated',
  'connector.deactivated': 'deactivated',
  'connector.deleted': 'deleted',
  'connector.restored': 'brought back',
  'connector.purged': 'removed for good',
  'connector.adopted': 'took under its management',
  'connector.released': 'gave to people',
  'connector.taken_over': 'took over from a file',
  'authorization.requested': 'began to connect',
  'authorization.started': 'agreed to connect',
  'authorization.denied': 'was denied access at the service of',
  'authorization.failed': 'could not connect',
  'connection.created': 'connected',
  'connection.reauthorized': 'reconnected',
  'connection.activated': 'switched on',
  'connection.deactivated': 'switched off',
  'connection.stopped': 'stopped the use of',
  'connection.deleted': 'disconnected',
  'connection.revoked': 'ended the access of',
  'connection.inactive': 'noticed that somebody switched off',
  'connection.failed': 'noticed the failure of',
  'auth_config.created': 'set up how to connect accounts through',
  'connection.health_changed': 'noticed a change in the health of',
  'connection.account_changed': 'found another account in',
  'connection.expired': 'noticed the end of the access of',
  'connection.active': 'noticed the recovery of',
  'connector.operations_imported': 'chose the operations of',
  'connector.failed': 'noticed the failure of',
  'connector.recovered': 'noticed the recovery of',
  'connection.rotation_begun': 'began to rotate the credential of',
  'connection.credential_rotated': 'rotated the credential of',
  'connection.credential_rolled_back': 'went back to the previous credential of',
  'connection.rotation_refused': 'tried in vain to rotate the credential of',
  'connection.replaced_credential_ended': 'ended the replaced credential of',
  'connect_link.created': 'made a connect link for',
  'member.renamed': 'took the name',
  'member.added': 'added',
  'member.role_changed': 'changed the role of',
  'member.removed': 'removed',
  'invitation.created': 'invited',
  'invitation.renewed': 'sent the invitation again to',
  'invitation.revoked': 'took back the invitation of',
  'invitation.accepted': 'accepted the invitation as',
  'api_key.created': 'made the API key',
  'api_key.revoked': 'revoked the API key',
  'mcp_app.allowed': 'let in the app',
  'mcp_app.refused': 'kept out the app',
  'mcp_app.revoked': 'disconnected the app',
  'api_key.changed': 'changed the limits of the API key',
  'approval.requested': 'asked an admin to approve',
  'approval.approved': 'approved',
  'approval.refused': 'refused',
  'approval.expired': 'noticed that nobody decided in time about',
  'approval.withdrawn': 'ended the waiting of',
  'approval.failed': 'could not begin, although it was approved,',
  'budget.created': 'set the',
  'budget.changed': 'changed the',
  'budget.deleted': 'deleted the',
  'budget.warned': 'nearly used up the',
  'budget.exceeded': 'was refused by the',
  'price.created': 'set the price of',
  'price.changed': 'changed the price of',
  'price.deleted': 'deleted the price of',
  'post.created': 'published',
  'post.cancelled': 'cancelled the post',
  'post.retried': 'tried again to publish',
  'webhook.created': 'made the webhook to',
  'webhook.changed': 'changed the webhook to',
  'webhook.deleted': 'deleted the webhook to',
  'webhook.secret_rotated': 'made a new signing secret for the webhook to',
  'webhook.tested': 'sent a test message to',
  'webhook.switched_off': 'gave up the webhook to',
  'settings.updated': 'changed the settings',
  'tenant.created': 'created the workspace',
  'tenant.renamed': 'renamed the workspace',
  'tenant.suspended': 'suspended the workspace',
  'tenant.resumed': 'resumed the workspace',
  'tenant.quotas_changed': 'changed the limits of',
  'tenant.entries_changed': 'changed what can be installed in',
  'tenant.exported': 'exported the workspace',
  'data_key.added': 'added a data key to',
  'data_key.removed': 'removed an old data key of',
  'data_key.rewrapped': 'changed the master key of',
  'secrets.resealed': 'sealed the secrets anew of',
};

const gone = new Set(['connector.deleted', 'connector.purged']);

/** Their words need something behind them. */
const endsWithTheConnector = new Set(['connector.failed', 'connector.recovered', 'authorization.denied']);

export const activityRow = (row: AuditEventRow): ActivityRow => ({
  id: row.id,
  at: row.createdAt,
  actor: row.actorType === 'api_key' ? `${row.actorName} (API key)` : row.actorName,
  action: row.action,
  label: actionLabels[row.action] ?? row.action,
  subject: {
    name: row.subjectName,
    path:
      row.subjectType === 'connector' && row.subjectId && !gone.has(row.action) ? paths.connector(row.subjectId) : null,
  },
  details: detailsOf(row),
  requestId: row.requestId,
  ip: row.ip,
});

function detailsOf({ action, details }: AuditEventRow): string[] {
  if (action === 'connection.health_changed' && details.from) return [`${details.from} → ${details.to}`];
  return Array.isArray(details.changed) ? details.changed.map(String) : [];
}

/** The same under its connector, which needs no name there: only an account has one, without the connector's behind it. */
export function trailRow(row: AuditEventRow, connector: string): ActivityRow {
  const account = row.subjectType === 'connection' ? row.subjectName : '';
  const suffix = ` (${connector})`;
  const name = account.endsWith(suffix) ? account.slice(0, -suffix.length) : account === connector ? '' : account;
  const noticed = endsWithTheConnector.has(row.action) ? 'this connector' : '';
  return { ...activityRow(row), subject: { name: name || (account && 'its connection') || noticed, path: null } };
}
