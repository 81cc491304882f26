import { and, eq, inArray } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { apiKeys, connectors } from '../schema/index.ts';

type Names = Promise<Map<string, string>>;

const byId = (rows: { id: string; name: string }[]) => new Map(rows.map(({ id, name }) => [id, name]));

/** Names of these keys by their ids, or of all that somebody made; revoked ones too. */
export async function selectKeyNames(tx: Tx, tenantId: string, which: string[] | { madeBy: string }): Names {
  const wanted = Array.isArray(which) ? inArray(apiKeys.id, which) : eq(apiKeys.createdBy, which.madeBy);
  const { id, name } = apiKeys;
  return byId(
    await tx
      .select({ id, name })
      .from(apiKeys)
      .where(and(eq(apiKeys.tenantId, tenantId), wanted)),
  );
}

/** Names of these connectors by their ids; of those that were deleted for as long as they can be restored. */
export async function selectConnectorNames(tx: Tx, tenantId: string, ids: string[]): Names {
  const { id, name } = connectors;
  return byId(
    await tx
      .select({ id, name })
      .from(connectors)
      .where(and(eq(connectors.tenantId, tenantId), inArray(connectors.id, ids))),
  );
}
