import { v7 as uuidv7 } from 'uuid';
import { type Ctx, changedBy, madeBy, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { uniqueViolation } from '../../db/client.ts';
import { type ConnectorRow, findConnector, takenHandles, updateConnectorRow } from '../../db/queries/connectors.ts';
import { findInstallable, insertInstall } from '../../db/queries/installs.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import type { TenantKeys } from '../../vault/vault.ts';
import { auditRow, recordAudit } from '../audit.ts';
import { adaptDriver, tenantDriver, withApplication } from '../authorizations/oauth-applications.ts';
import { releaseKept } from '../calls/kept-clients.ts';
import { changedFields } from '../changes.ts';
import { alignConnections } from '../connections/connection-alignment.ts';
import { ownConnection } from '../connections/connections.ts';
import { tenantKeys } from '../secrets/keyring.ts';
import { type Part, sealSecrets, withoutSecrets } from '../secrets/secrets.ts';
import { requireConnectorRoom } from '../tenants/quotas.ts';
import { announce } from '../webhooks/announcements.ts';
import { type CheckedValues, type ConnectorInput, checkInput } from './connector-input.ts';
import { handleCandidates, handleFrom } from './handles.ts';
import { requireUnmanaged } from './managed.ts';
import { switchedOff } from './provisioned-entries.ts';
import { alreadyInstalled, mayBeRepeated } from './repeated-install.ts';
import { resealMoved, upgrade } from './schema-migrations.ts';

export interface InstallOptions {
  /** The id that a form reserved when it opened: sending the form twice installs once. */
  id?: string;
  /** Instead of one made from the name; the caller looks at whether the connector got it. */
  handle?: string;
}

/**
 * Installs a catalog entry for the tenant, inactive.
 * @throws AppError forbidden, invalid_input, entry_disabled, quota_exceeded, or conflict when the name is taken
 */
export async function installConnector(
  ctx: Ctx,
  catalogKey: string,
  input: ConnectorInput,
  options: InstallOptions = {},
): Promise<ConnectorRow> {
  requireRole(ctx, 'admin', 'install connectors');
  const plain = driverFor(ctx, catalogKey);
  const name = input.name.trim();
  const id = options.id ?? uuidv7();
  try {
    return await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      const found = await findInstallable(tx, ctx.tenantId, catalogKey);
      const driver = withApplication(plain, found?.hasApplication ?? false);
      const checked = checkInput(driver, input);
      if (!found || found.entry.retiredAt) throw unknownEntry(catalogKey);
      const { entry } = found;
      if (!found.enabled) throw switchedOff(entry, 'installed');
      await requireConnectorRoom(tx, ctx.tenantId, found);
      const keys = await tenantKeys(tx, ctx.hub.vault, ctx.tenantId, found.keys);
      const row = {
        tenantId: ctx.tenantId,
        id,
        catalogId: entry.id,
        name,
        ...seal(ctx, keys, id, driver, checked),
        tags: input.tags,
        schemaVersion: driver.entry.schemaVersion,
        ...madeBy(ctx),
        ...changedBy(ctx),
      };
      const details = { catalog_key: catalogKey };
      const audit = auditRow(ctx, { action: 'connector.installed', subject: subject(row), details });
      const connection = driver.needsConnection(checked.auth) ? null : ownConnection(ctx, id);
      const connector = await withFreeHandle(
        tx,
        ctx.tenantId,
        options.handle ?? handleFrom(name, catalogKey),
        (handle) => insertInstall(tx, { connector: { ...row, handle }, audit, connection }),
      );
      if (connection && found.connectionsAreTold) await announce(tx, ctx, 'connection.created', connection.id);
      return { ...connector, catalog: entry };
    });
  } catch (error) {
    if (options.id && mayBeRepeated(error)) {
      const checked = checkInput(await tenantDriver(ctx, plain), input);
      const again = await alreadyInstalled(ctx, id, plain, { ...checked, name, tags: input.tags });
      if (again) return again;
    }
    // The form of an earlier connector, sent with something else in it: that one stays as it is.
    if (uniqueViolation(error) === 'connectors_tenant_id_id_pk') return installConnector(ctx, catalogKey, input);
    throw nameTaken(error, name);
  }
}

export interface ConnectorChange extends Partial<ConnectorInput> {
  /** The version that the change was made from. */
  version: number;
}

/**
 * Changes what was given and keeps the rest.
 * @throws AppError forbidden, not_found, managed, stale_version, invalid_input, secret_required, or conflict when the name is taken
 */
export async function updateConnector(ctx: Ctx, id: string, change: ConnectorChange) {
  requireRole(ctx, 'admin', 'configure connectors');
  const name = change.name?.trim();
  try {
    const saved = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
      const before = await mustFind(tx, ctx, id, { lock: true });
      requireUnmanaged(before);
      if (before.version !== change.version) throw stale(before);
      const driver = await adaptDriver(tx, driverFor(ctx, before.catalog.key));
      const current = upgrade(ctx, driver, before);
      const input = { name: name ?? before.name, tags: change.tags ?? before.tags, ...pick(change, current) };
      const checked = checkInput(driver, input, current);
      const after = await updateConnectorRow(tx, ctx.tenantId, id, {
        name: input.name,
        tags: input.tags,
        ...seal(ctx, await tenantKeys(tx, ctx.hub.vault, ctx.tenantId), id, driver, checked, before),
        schemaVersion: driver.entry.schemaVersion,
        ...changedBy(ctx),
      });
      const changed = changedFields(before, after);
      await recordAudit(tx, ctx, {
        action: 'connector.updated',
        subject: subject(after),
        details: { changed, ...(current.changes.length && { migrated_from: before.schemaVersion }) },
      });
      const authChanged = changed.some((path) => path.startsWith('auth'));
      if (!authChanged && !changed.some((path) => path.startsWith('config')))
        return { ...after, catalog: before.catalog };
      const needsGrant = driver.needsConnection(checked.auth);
      await alignConnections(tx, ctx, { ...after, catalog: before.catalog }, { needsGrant, authChanged });
      return mustFind(tx, ctx, id);
    });
    await releaseKept(ctx, saved);
    return saved;
  } catch (error) {
    throw nameTaken(error, name ?? '');
  }
}

/** The tenant's connector, or 404. */
export async function mustFind(
  tx: Tx,
  ctx: Ctx,
  id: string,
  options: Parameters<typeof findConnector>[3] = {},
): Promise<ConnectorRow> {
  const connector = await findConnector(tx, ctx.tenantId, id, options);
  if (!connector) throw notFound('connector');
  return connector;
}

/** @throws AppError invalid_input when the hub has no such driver */
export function driverFor(ctx: Ctx, catalogKey: string): LoadedDriver {
  const driver = ctx.hub.drivers.get(catalogKey);
  if (!driver) throw unknownEntry(catalogKey);
  return driver;
}

export const subject = (connector: { id: string; name: string }) => ({
  type: 'connector',
  id: connector.id,
  name: connector.name,
});

const unknownEntry = (key: string) =>
  invalid({ catalog_key: [`The catalog has no entry “${key.slice(0, 100)}”. GET /api/catalog lists them.`] });

/** What the change leaves out stays as it is stored; stored envelopes are put back by the check. */
function pick(change: ConnectorChange, before: Pick<ConnectorRow, Part>): Pick<ConnectorInput, Part> {
  return { config: change.config ?? withoutSecrets(before.config), auth: change.auth ?? withoutSecrets(before.auth) };
}

function seal(
  ctx: Ctx,
  keys: TenantKeys,
  connectorId: string,
  driver: LoadedDriver,
  checked: CheckedValues,
  before?: ConnectorRow,
) {
  const { vault } = ctx.hub;
  const seat = { tenantId: ctx.tenantId, connectorId };
  const values = before ? resealMoved(vault, keys, seat, before, checked) : checked;
  const sealPart = (part: Part) =>
    sealSecrets(
      vault,
      keys,
      { ...seat, part },
      part === 'auth' ? driver.entry.authSchema : driver.entry.configSchema,
      values[part],
      checked.destinations,
    );
  return { config: sealPart('config'), auth: sealPart('auth') };
}

/**
 * Inserts with the wanted handle or the next free one; without a lock, because most names want a handle that nobody else wants.
 * @param insert null when the handle is taken
 */
export async function withFreeHandle<T>(
  tx: Tx,
  tenantId: string,
  wanted: string,
  insert: (handle: string) => Promise<T | null>,
): Promise<T> {
  for (let handle = wanted; ; handle = await freeHandle(tx, tenantId, wanted)) {
    const inserted = await insert(handle);
    if (inserted) return inserted;
  }
}

async function freeHandle(tx: Tx, tenantId: string, wanted: string): Promise<string> {
  const candidates = handleCandidates(wanted, 1000);
  const taken = await takenHandles(tx, tenantId, candidates);
  return candidates.find((candidate) => !taken.has(candidate)) ?? `${wanted.slice(0, 19)}-${uuidv7().slice(-12)}`;
}

function nameTaken(error: unknown, name: string): unknown {
  if (uniqueViolation(error) !== 'connectors_name') return error;
  return new AppError('conflict', `There is already a connector named “${name}”.`, {
    errors: { name: ['This name is taken. Choose another one; case makes no difference.'] },
    cause: error,
  });
}

function stale(connector: ConnectorRow): AppError {
  const who = connector.updatedByName ?? 'Somebody';
  return new AppError(
    'stale_version',
    `${who} changed ${connector.name} after you opened it. Look at the current values, then save again.`,
    {
      extra: {
        current_version: connector.version,
        updated_by_name: connector.updatedByName,
        updated_at: connector.updatedAt.toISOString(),
      },
    },
  );
}
