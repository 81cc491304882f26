import type { Hub } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { actForTenant } from '../../db/queries/identity.ts';
import { selectSwitches } from '../../db/queries/provisioned-entries.ts';
import {
  type ExportedConnector,
  pageOfApiKeys,
  pageOfAuditEvents,
  pageOfConnectors,
  plainPages,
  selectInvitations,
} from '../../db/queries/tenant-export.ts';
import { selectQuotas } from '../../db/queries/tenant-quotas.ts';
import { selectPeople, type TenantRow } from '../../db/queries/tenants.ts';
import { presentSecrets } from '../secrets/secrets.ts';
import type { OperatorCtx } from './operator-trail.ts';
import { mustFindTenant } from './tenant-admin.ts';
import { recordEverywhere } from './tenants.ts';

export interface TenantExport {
  fileName: string;
  /** One JSON document in pieces: no more than a page of rows is held at once. */
  pieces: AsyncGenerator<string>;
}

/**
 * Everything that a tenant holds, but no secret: those read as whether they are set and since when.
 * Each page is read when it is sent, so suspend the tenant first for a picture of one moment.
 * @throws AppError not_found
 */
export async function exportTenant(ctx: OperatorCtx, id: string): Promise<TenantExport> {
  const tenant = await ctx.hub.db.system.transaction(async (tx) => {
    const found = await mustFindTenant(tx, id);
    await actForTenant(tx, id);
    await recordEverywhere(tx, found, ctx, 'tenant.exported');
    return found;
  });
  const day = new Date().toISOString().slice(0, 10);
  return { fileName: `patchbay-${tenant.slug}-${day}.json`, pieces: pieces(ctx, tenant) };
}

async function* pieces({ hub, actor }: OperatorCtx, tenant: TenantRow): AsyncGenerator<string> {
  const { id } = tenant;
  const about = {
    format: 'patchbay-workspace',
    version: 1,
    exported_at: new Date(),
    exported_by: actor.name,
    workspace: {
      id,
      name: tenant.name,
      slug: tenant.slug,
      created_at: tenant.createdAt,
      suspended_at: tenant.suspendedAt,
    },
    quotas: snakeCase(await hub.db.asTenant(id, (tx) => selectQuotas(tx, id), { readOnly: true })),
    entries: await tenantEntries(hub, id),
    members: (await selectPeople(hub.db.system, id)).map(({ only: _only, ...person }) => snakeCase(person)),
    invitations: (await selectInvitations(hub.db.system, id)).map(snakeCase),
  };
  yield JSON.stringify(about).slice(0, -1);
  yield* list(
    hub,
    id,
    'connectors',
    pageOfConnectors,
    (row) => row.connector.id,
    (row) => presented(hub, row),
  );
  yield* list(hub, id, 'api_keys', pageOfApiKeys, (row) => row.id, snakeCase);
  for (const { name, read } of plainPages) yield* list(hub, id, name, read, (row) => row.id, withoutTenant);
  yield* list(hub, id, 'audit_events', pageOfAuditEvents, (row) => row.id, withoutTenant);
  yield '}\n';
}

/** Catalog entries that are switched for this tenant in particular. */
async function tenantEntries({ db }: Hub, id: string) {
  const switches = await db.asTenant(id, (tx) => selectSwitches(tx, id), { readOnly: true });
  return switches
    .filter(({ tenantEnabled }) => tenantEnabled !== null)
    .map(({ key, tenantEnabled }) => ({ catalog_key: key, enabled: tenantEnabled }));
}

const pageSize = 200;
const beforeAll = '00000000-0000-0000-0000-000000000000';

/** `,"name":[…]`, one page of rows at a time, each in a transaction of its own. */
async function* list<Row>(
  { db }: Hub,
  tenantId: string,
  name: string,
  read: (tx: Tx, tenantId: string, after: string, limit: number) => PromiseLike<Row[]>,
  idOf: (row: Row) => string,
  shown: (row: Row) => unknown,
): AsyncGenerator<string> {
  yield `,${JSON.stringify(name)}:[`;
  for (let after = beforeAll, first = true; ; first = false) {
    const rows = await db.asTenant(tenantId, async (tx) => read(tx, tenantId, after, pageSize), { readOnly: true });
    const text = rows.map((row) => JSON.stringify(shown(row))).join(',');
    if (text) yield first ? text : `,${text}`;
    const last = rows.at(-1);
    if (rows.length < pageSize || !last) break;
    after = idOf(last);
  }
  yield ']';
}

function presented({ drivers }: Hub, { connector, catalogKey }: ExportedConnector) {
  const entry = drivers.get(catalogKey)?.entry;
  return {
    ...withoutTenant({ ...connector, catalogId: undefined }),
    catalog_key: catalogKey,
    config: presentSecrets(entry?.configSchema, connector.config),
    auth: presentSecrets(entry?.authSchema, connector.auth),
  };
}

const withoutTenant = (row: { tenantId: string } & Record<string, unknown>) =>
  snakeCase({ ...row, tenantId: undefined });

/** Names of columns as the API writes them. */
const snakeCase = (row: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
