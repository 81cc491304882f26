import { and, asc, eq, gt, ne, or, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { hubSecrets, organizations, tenantKeys } from '../schema/index.ts';

// For the owner's login only: these look at the keys of all tenants.

/** What one master key still opens. */
export interface MasterKeyUse {
  masterKeyId: string;
  dataKeys: number;
  hubSecrets: number;
}

/** Lets one rotation at a time decide whether a new key is due; until the transaction ends. */
export async function lockMasterKeys(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchbay:master-keys', 0))`);
}

/** Every master key that something needs, by its id. */
export async function selectMasterKeyUses(tx: Tx): Promise<MasterKeyUse[]> {
  const rows = await tx.execute<Record<'id' | 'data_keys' | 'hub_secrets', unknown>>(sql`
    select id, sum(data_keys)::int as data_keys, sum(hub_secrets)::int as hub_secrets from (
      select master_key_id as id, count(*) as data_keys, 0 as hub_secrets from tenant_keys group by master_key_id
      union all
      select master_key_id, 0, count(*) from hub_secrets group by master_key_id
    ) uses group by id order by id`);
  return rows.map((row) => ({
    masterKeyId: String(row.id),
    dataKeys: Number(row.data_keys),
    hubSecrets: Number(row.hub_secrets),
  }));
}

export interface RewrapRow {
  tenantId: string;
  tenantName: string;
  id: string;
  number: number;
  masterKeyId: string;
  wrapped: string;
}

/** Data keys that another master key than this one wraps, in the order of their primary key, after the given row. */
export function selectOtherDataKeys(tx: Tx, masterKeyId: string, after: RewrapRow | null, limit: number) {
  const { tenantId, id, number, masterKeyId: wrappedBy, wrapped } = tenantKeys;
  return tx
    .select({ tenantId, id, number, masterKeyId: wrappedBy, wrapped, tenantName: organizations.name })
    .from(tenantKeys)
    .innerJoin(organizations, eq(organizations.id, tenantId))
    .where(
      and(
        ne(wrappedBy, masterKeyId),
        after ? or(gt(tenantId, after.tenantId), and(eq(tenantId, after.tenantId), gt(id, after.id))) : undefined,
      ),
    )
    .orderBy(asc(tenantId), asc(id))
    .limit(limit);
}

type Wrapped = Pick<RewrapRow, 'masterKeyId' | 'wrapped'>;

/** Puts the key's new wrapping in place of the one that was read; false when somebody else has changed or removed it. */
export async function replaceWrapping(tx: Tx, row: RewrapRow, next: Wrapped): Promise<boolean> {
  const done = await tx
    .update(tenantKeys)
    .set({ masterKeyId: next.masterKeyId, wrapped: next.wrapped })
    .where(and(eq(tenantKeys.tenantId, row.tenantId), eq(tenantKeys.id, row.id), eq(tenantKeys.wrapped, row.wrapped)))
    .returning({ id: tenantKeys.id });
  return done.length === 1;
}

/** The hub's own secrets that another master key than this one seals; the keyring's check value, which every start opens, comes last. */
export function selectOtherHubSecrets(tx: Tx, masterKeyId: string) {
  return tx
    .select({ name: hubSecrets.name, masterKeyId: hubSecrets.masterKeyId, sealed: hubSecrets.sealed })
    .from(hubSecrets)
    .where(ne(hubSecrets.masterKeyId, masterKeyId))
    .orderBy(sql`${hubSecrets.name} = 'keyring_check'`, asc(hubSecrets.name));
}

type SealedSecret = Pick<typeof hubSecrets.$inferSelect, 'masterKeyId' | 'sealed'>;

/** Puts the secret's new seal in place of the one that was read; false when somebody else has changed it. */
export async function replaceSeal(tx: Tx, name: string, before: SealedSecret, next: SealedSecret): Promise<boolean> {
  const done = await tx
    .update(hubSecrets)
    .set({ masterKeyId: next.masterKeyId, sealed: next.sealed })
    .where(and(eq(hubSecrets.name, name), eq(hubSecrets.sealed, before.sealed)))
    .returning({ name: hubSecrets.name });
  return done.length === 1;
}
