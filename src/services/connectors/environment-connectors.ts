import { isDeepStrictEqual } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import type { Ctx, Hub } from '../../context.ts';
import { type Tx, uniqueViolation } from '../../db/client.ts';
import { findCatalogEntry } from '../../db/queries/connector-catalog.ts';
import {
  type ConnectorRow,
  insertConnector,
  selectConnectors,
  updateConnectorRow,
} from '../../db/queries/connectors.ts';
import { selectManaged } from '../../db/queries/managed-connectors.ts';
import { lockConnectorCount } from '../../db/queries/tenant-quotas.ts';
import { selectTenantsNamed } from '../../db/queries/tenants.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { recordAudit } from '../audit.ts';
import { releaseKept } from '../calls/kept-clients.ts';
import { alignConnections } from '../connections/connection-alignment.ts';
import { ensureOwnConnection } from '../connections/connections.ts';
import { checkSoon } from '../health/check-queue.ts';
import { systemCtx } from '../system.ts';
import type { CheckedValues } from './connector-input.ts';
import { mustFind, subject, withFreeHandle } from './connectors.ts';
import { byEnvironment, environmentValues, withoutValues } from './environment-values.ts';
import { handleFrom } from './handles.ts';

/**
 * Brings the connectors that the operator's variables describe to what these say now: there and active, or inactive when they are gone.
 * Their secrets stay in the environment. Several hubs may do it at once.
 * @throws AppError invalid_input with the variables as fields
 */
export async function syncEnvironmentConnectors(hub: Hub): Promise<void> {
  const described = [...hub.drivers.values()].flatMap((driver) => {
    const values = environmentValues(hub.config, driver);
    return values ? [{ driver, values }] : [];
  });
  const tenantId = described.length ? await tenantOf(hub) : null;
  const kept = new Set<string>();
  for (const { driver, values } of tenantId ? described : []) {
    const ctx = systemCtx(hub, tenantId as string, 'environment');
    kept.add((await persistently(ctx, driver, values)).id);
  }
  const managed = await selectManaged(hub.db.system, byEnvironment);
  for (const { tenantId, id } of managed.filter((row) => !kept.has(row.id)))
    await retire(systemCtx(hub, tenantId, 'environment'), id);
}

/** The workspace that the variables name; null, and a word in the log, when there is none. */
async function tenantOf({ config, db, log }: Hub): Promise<string | null> {
  const { tenant } = config.environmentConnectors;
  const found = tenant === null ? [] : await selectTenantsNamed(db.system, tenant);
  const [only, ...others] = found;
  if (only && !others.length) return only.id;
  const why = tenant === null ? 'none is named' : only ? 'several have this name' : `there is none called ${tenant}`;
  const message = `Variables describe connectors, but not for which workspace: ${why}. Set ENV_CONNECTORS_TENANT.`;
  log.warn({ tenant }, message);
  return null;
}

/** Under another name when somebody has given its own to a connector of theirs. */
async function persistently(ctx: Ctx, driver: LoadedDriver, values: CheckedValues): Promise<ConnectorRow> {
  for (let attempt = 1; ; attempt++) {
    const name = `${driver.entry.name} (environment${attempt > 1 ? ` ${attempt}` : ''})`;
    try {
      return await ctx.hub.db.asTenant(ctx.tenantId, (tx) => bring(tx, ctx, { driver, values, name }));
    } catch (error) {
      if (uniqueViolation(error) !== 'connectors_name' || attempt > 20) throw error;
    }
  }
}

interface Wanted {
  driver: LoadedDriver;
  values: CheckedValues;
  name: string;
}

async function bring(tx: Tx, ctx: Ctx, { driver, values, name }: Wanted): Promise<ConnectorRow> {
  await lockConnectorCount(tx, ctx.tenantId);
  const rows = await selectConnectors(tx, ctx.tenantId, { catalogKey: driver.entry.key, limit: 1_000 });
  const found = rows.find(({ managedBy }) => managedBy === byEnvironment);
  const settings = { ...withoutValues(driver, values), schemaVersion: driver.entry.schemaVersion };
  const { id } = found
    ? await change(tx, ctx, found, { driver, settings })
    : await add(tx, ctx, { driver, name, settings });
  const connector = await mustFind(tx, ctx, id);
  await ensureOwnConnection(tx, ctx, connector);
  // Its secret may be another one since the last start, which nobody can see in the row.
  await checkSoon(tx, ctx, id);
  return connector;
}

type Settings = Pick<ConnectorRow, 'config' | 'auth' | 'schemaVersion'>;
const byHub = { createdByName: 'Patchbay', updatedByName: 'Patchbay' };

async function add(
  tx: Tx,
  ctx: Ctx,
  { driver, name, settings }: { driver: LoadedDriver; name: string; settings: Settings },
) {
  const entry = await findCatalogEntry(tx, driver.entry.key);
  if (!entry) throw new Error(`The catalog has no entry ${driver.entry.key}.`);
  const row = { ...settings, ...byHub, tenantId: ctx.tenantId, catalogId: entry.id, name, tags: [] };
  const status = { status: 'active' as const, managedBy: byEnvironment };
  const id = uuidv7();
  const connector = await withFreeHandle(tx, ctx.tenantId, handleFrom(name, driver.entry.key), (handle) =>
    insertConnector(tx, { ...row, ...status, id, handle }),
  );
  await recordAudit(tx, ctx, {
    action: 'connector.installed',
    subject: subject(connector),
    details: { catalog_key: driver.entry.key, managed_by: byEnvironment },
  });
  return connector;
}

async function change(
  tx: Tx,
  ctx: Ctx,
  row: ConnectorRow,
  { driver, settings }: { driver: LoadedDriver; settings: Settings },
) {
  const { config, auth, schemaVersion } = row;
  const changed = !isDeepStrictEqual({ config, auth, schemaVersion }, settings);
  if (!changed && row.status !== 'inactive') return row;
  const on = row.status === 'inactive' ? { status: 'active' as const, statusReason: null } : {};
  const after = await updateConnectorRow(tx, ctx.tenantId, row.id, { ...settings, ...on, ...byHub });
  if (changed) {
    await recordAudit(tx, ctx, { action: 'connector.updated', subject: subject(after) });
    const how = {
      needsGrant: driver.needsConnection(settings.auth),
      authChanged: !isDeepStrictEqual(auth, settings.auth),
    };
    await alignConnections(tx, ctx, { ...after, catalog: row.catalog }, how);
  }
  if (row.status === 'inactive') await recordAudit(tx, ctx, { action: 'connector.activated', subject: subject(after) });
  return after;
}

const gone = 'The environment does not describe it any more: the operator of this hub has taken its variables away.';

async function retire(ctx: Ctx, id: string): Promise<void> {
  const row = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const before = await mustFind(tx, ctx, id, { lock: true });
    if (before.status === 'inactive') return before;
    const values = { status: 'inactive' as const, statusReason: gone, updatedByName: 'Patchbay' };
    const after = await updateConnectorRow(tx, ctx.tenantId, id, values);
    await recordAudit(tx, ctx, { action: 'connector.deactivated', subject: subject(after), details: { reason: gone } });
    return { ...after, catalog: before.catalog };
  });
  await releaseKept(ctx, row);
}
