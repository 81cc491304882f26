import { v7 as uuidv7 } from 'uuid';
import { type Ctx, madeBy } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import {
  type CredentialRow,
  findCredential,
  insertCredential,
  nextVersion,
  updateCredential,
} from '../../db/queries/credentials.ts';
import type { CredentialState } from '../../db/schema/index.ts';
import type { Place, TenantKeys } from '../../vault/vault.ts';
import { existingTenantKeys, tenantKeys } from '../secrets/keyring.ts';

/** The content of an envelope: the secret with the origins that it was entered or granted for. */
interface SealedGrant {
  value: Record<string, unknown>;
  destinations: string[];
}

const placeOf = (tenantId: string, rowId: string): Place => ({
  tenantId,
  table: 'credentials',
  rowId,
  field: 'sealed',
});

export interface NewCredential {
  state: Extract<CredentialState, 'pending' | 'current'>;
  kind: CredentialRow['kind'];
  value: Record<string, unknown>;
  destinations: string[];
  scopes: string[];
  expiresAt: Date | null;
  verifiedAt: Date | null;
}

/** Stores the next version, sealed. The caller has locked the connection, and moved what was in that state out of the way. */
export async function addCredential(
  tx: Tx,
  ctx: Ctx,
  connection: Pick<ConnectionRow, 'id'>,
  { value, destinations, ...row }: NewCredential,
): Promise<CredentialRow> {
  const id = uuidv7();
  const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  return insertCredential(tx, {
    ...row,
    tenantId: ctx.tenantId,
    id,
    connectionId: connection.id,
    version: await nextVersion(tx, ctx.tenantId, connection.id),
    sealed: sealCredential(ctx, keys, id, { value, destinations }),
    ...madeBy(ctx),
  });
}

/** The envelope of the row with this id. */
export const sealCredential = (ctx: Ctx, keys: TenantKeys, id: string, content: SealedGrant): string =>
  ctx.hub.vault.seal(keys, placeOf(ctx.tenantId, id), JSON.stringify(content));

/** What `current` was becomes `previous`, kept until then; the caller stores the next current one. */
export async function retireCurrent(
  tx: Tx,
  ctx: Ctx,
  connectionId: string,
  { endedBy, keptUntil }: { endedBy: string; keptUntil: Date },
): Promise<void> {
  const current = await findCredential(tx, ctx.tenantId, connectionId, 'current');
  if (current)
    await updateCredential(tx, ctx.tenantId, current.id, 'current', { state: 'previous', endedBy, keptUntil });
}

/** @throws VaultError when the envelope does not belong here or was damaged */
export function openCredential(ctx: Ctx, keys: TenantKeys, row: CredentialRow): SealedGrant {
  return JSON.parse(ctx.hub.vault.open(keys, placeOf(ctx.tenantId, row.id), row.sealed ?? ''));
}

/** What the hub obtained with the client's own credentials is good for the settings that it was obtained with, and for no others. */
export const servesConnector = (
  { kind, createdAt }: Pick<CredentialRow, 'kind' | 'createdAt'>,
  { auth, updatedAt }: Pick<ConnectorRow, 'auth' | 'updatedAt'>,
): boolean => kind !== 'obtained' || (auth.method === 'client_credentials' && createdAt >= updatedAt);

/** The current credential, opened; null when the connection has none of its own. @throws VaultError */
export async function currentCredential(tx: Tx, ctx: Ctx, connectionId: string) {
  const row = await findCredential(tx, ctx.tenantId, connectionId, 'current');
  if (!row) return null;
  const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  return { row, ...openCredential(ctx, keys, row) };
}
