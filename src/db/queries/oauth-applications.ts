import { eq, isNotNull, sql } from 'drizzle-orm';
import type { Drizzle, Tx } from '../client.ts';
import { connectorCatalog, hubSecrets, provisionedEntries } from '../schema/index.ts';
import { insertHubSecret } from './hub-secrets.ts';

/** An application that the operator registered at a service, without its secret. */
export interface ApplicationRow {
  clientId: string;
  scopes: string[];
  updatedAt: Date;
}

/** The applications of the hub, by the key of their catalog entry. */
export async function selectApplications(db: Drizzle | Tx): Promise<Map<string, ApplicationRow>> {
  const rows = await db
    .select({
      key: connectorCatalog.key,
      clientId: sql<string>`${provisionedEntries.oauthClientId}`,
      scopes: provisionedEntries.oauthScopes,
      updatedAt: provisionedEntries.updatedAt,
    })
    .from(provisionedEntries)
    .innerJoin(connectorCatalog, eq(connectorCatalog.id, provisionedEntries.catalogId))
    .where(isNotNull(provisionedEntries.oauthClientId));
  return new Map(rows.map(({ key, ...application }) => [key, application]));
}

/** Sets the entry's application; null takes it away. */
export async function upsertApplication(
  tx: Tx,
  catalogId: string,
  application: { clientId: string; scopes: string[] } | null,
): Promise<void> {
  const set = { oauthClientId: application?.clientId ?? null, oauthScopes: application?.scopes ?? [] };
  await tx
    .insert(provisionedEntries)
    .values({ catalogId, ...set })
    .onConflictDoUpdate({ target: provisionedEntries.catalogId, set: { ...set, updatedAt: sql`now()` } });
}

/** Puts the sealed secret in the place of the one before; null only takes that away. */
export async function replaceHubSecret(
  tx: Tx,
  name: string,
  sealed: { masterKeyId: string; sealed: string } | null,
): Promise<void> {
  await tx.delete(hubSecrets).where(eq(hubSecrets.name, name));
  if (sealed) await insertHubSecret(tx, { name, ...sealed });
}
