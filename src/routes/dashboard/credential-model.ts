import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { CredentialRow } from '../../db/queries/credentials.ts';
import { whyManaged } from '../../services/connectors/managed.ts';
import { getOwnCredential } from '../../services/credentials/credential-history.ts';
import type { CredentialPanel, CredentialVersion } from '../view-models/connection.ts';

const shown = 8;

const labels: Record<string, string> = {
  rotated: 'Replaced by a new one',
  rolled_back: 'Taken back',
  rejected: 'Refused, never used',
  refreshed: 'Renewed',
  reconnected: 'Reconnected',
  revoked: 'Ended at the service',
};

/** The secrets that were typed into a connector; null when there are none. */
export async function credentialPanel(ctx: Ctx, connector: ConnectorRow): Promise<CredentialPanel | null> {
  const found = await getOwnCredential(ctx, connector);
  if (!found) return null;
  const { connection, since, rollbackUntil, versions } = found;
  const typed = versions.filter(({ kind, endedBy }) => kind === 'entered' && endedBy);
  return {
    connectionId: connection.id,
    tenantId: ctx.tenantId,
    since,
    locked: rotationLock(ctx, connector),
    rollbackUntil,
    history: historyOf(typed.slice(0, shown)),
  };
}

type Version = Pick<CredentialRow, 'version' | 'endedBy' | 'createdByName' | 'updatedAt'>;

/** Earlier versions in words. */
export const historyOf = (versions: Version[]): CredentialVersion[] =>
  versions.map(({ version, endedBy, createdByName, updatedAt }) => ({
    version,
    label: labels[endedBy ?? ''] ?? 'Ended',
    by: createdByName ?? 'Patchbay',
    at: updatedAt,
  }));

/** Why this person may not rotate; '' when they may. */
export function rotationLock({ actor }: Ctx, connector: ConnectorRow): string {
  if (!mayActAs(actor, 'admin')) return 'Only owners and admins can rotate credentials. Ask one of them.';
  return whyManaged(connector);
}
