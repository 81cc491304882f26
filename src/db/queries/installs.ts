import { and, eq, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { prepared, preparedFamily } from '../prepared.ts';
import {
  auditEvents,
  connections,
  connectorCatalog,
  connectors,
  provisionedEntries,
  tenantEntries,
  tenantKeys,
  tenantQuotas,
  webhooks,
} from '../schema/index.ts';
import type { CatalogRow } from './connector-catalog.ts';
import type { TenantKeyRow } from './tenant-keys.ts';

/** What installing needs to know of an entry, retired or not, and of the tenant. */
export interface Installable {
  entry: Pick<CatalogRow, 'id' | 'key' | 'name' | 'icon' | 'retiredAt'>;
  /** Whether the tenant may install it. */
  enabled: boolean;
  /** Whether the hub has an application of its own at the service. */
  hasApplication: boolean;
  /** Null is without limit. */
  maxConnectors: number | null;
  /** The tenant's wrapped data keys, oldest first. */
  keys: TenantKeyRow[];
  /** Whether a webhook wants to be told of new connections. */
  connectionsAreTold: boolean;
}

/** Null for a key that no entry has. It is one statement: each costs more than all that it reads. */
export async function findInstallable(tx: Tx, tenantId: string, entryKey: string): Promise<Installable | null> {
  const [row] = await findPrepared(tx, { tenantId, entryKey });
  return row ?? null;
}

const findPrepared = prepared((db) => {
  const { id, key, name, icon, retiredAt } = connectorCatalog;
  const tenant = sql.placeholder('tenantId');
  const { tenantId, number, masterKeyId, wrapped } = tenantKeys;
  const dataKey = sql`jsonb_build_object('id', ${tenantKeys.id}, 'tenantId', ${tenantId}, 'number', ${number},
    'masterKeyId', ${masterKeyId}, 'wrapped', ${wrapped})`;
  return db
    .select({
      entry: { id, key, name, icon, retiredAt },
      enabled: sql<boolean>`coalesce(${tenantEntries.enabled}, ${provisionedEntries.enabled}, true)`,
      hasApplication: sql<boolean>`${provisionedEntries.oauthClientId} is not null`,
      maxConnectors: tenantQuotas.maxConnectors,
      keys: sql<TenantKeyRow[]>`(select coalesce(jsonb_agg(${dataKey} order by ${number}), '[]')
        from ${tenantKeys} where ${tenantId} = ${tenant})`,
      connectionsAreTold: sql<boolean>`exists (select from ${webhooks}
        where ${webhooks.tenantId} = ${tenant} and ${webhooks.enabled} and ${webhooks.events} @> '["connection.created"]')`,
    })
    .from(connectorCatalog)
    .leftJoin(provisionedEntries, eq(provisionedEntries.catalogId, id))
    .leftJoin(tenantEntries, and(eq(tenantEntries.catalogId, id), eq(tenantEntries.tenantId, tenant)))
    .leftJoin(tenantQuotas, eq(tenantQuotas.tenantId, tenant))
    .where(eq(key, sql.placeholder('entryKey')));
});

export interface Install {
  connector: typeof connectors.$inferInsert;
  audit: typeof auditEvents.$inferInsert;
  /** Null for a connector whose accounts are still to be authorised. */
  connection: typeof connections.$inferInsert | null;
}

/** All of them or none. Null when another connector has the handle, also one whose transaction ended only now. */
export async function insertInstall(tx: Tx, { connector, audit, connection }: Install) {
  const beside = [
    { table: auditEvents, values: audit },
    ...(connection ? [{ table: connections, values: connection }] : []),
  ];
  const [row] = await insertPrepared(tx, connector, beside);
  return row ?? null;
}

const insertPrepared = preparedFamily(connectors, { unless: [connectors.tenantId, connectors.handle] });
