import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { findCatalogEntry } from '../../db/queries/connector-catalog.ts';
import { actForTenant } from '../../db/queries/identity.ts';
import {
  type EntrySwitch,
  selectDisabled,
  selectSwitches,
  setTenantSwitch,
  upsertSwitch,
} from '../../db/queries/provisioned-entries.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { type OperatorCtx, recordOperatorEvent } from '../tenants/operator-trail.ts';
import { mustFindTenant } from '../tenants/tenant-admin.ts';
import { recordEverywhere } from '../tenants/tenants.ts';

/** Every entry that can be installed, with what operators decided for the hub. */
export const listEntrySwitches = ({ hub }: OperatorCtx): Promise<EntrySwitch[]> => selectSwitches(hub.db.system, null);

/**
 * The same with what they decided for one tenant.
 * @throws AppError not_found
 */
export async function listTenantSwitches({ hub }: OperatorCtx, tenantId: string): Promise<EntrySwitch[]> {
  return hub.db.system.transaction(async (tx) => {
    await mustFindTenant(tx, tenantId);
    await actForTenant(tx, tenantId);
    return selectSwitches(tx, tenantId);
  });
}

/**
 * Switches an entry on or off for every tenant that has no setting of its own. What is installed stays.
 * @throws AppError not_found
 */
export async function switchEntry(ctx: OperatorCtx, key: string, enabled: boolean): Promise<{ name: string }> {
  return ctx.hub.db.system.transaction(async (tx) => {
    const entry = await mustFindEntry(tx, key);
    const before = (await selectSwitches(tx, null)).find(({ id }) => id === entry.id);
    if (before?.enabled === enabled) return entry;
    if (await upsertSwitch(tx, entry.id, enabled))
      await recordOperatorEvent(tx, ctx, {
        action: enabled ? 'entry.enabled' : 'entry.disabled',
        subject: { type: 'catalog_entry', id: entry.id, name: entry.name },
      });
    return entry;
  });
}

/** @throws AppError not_found for an entry that nobody can install */
async function mustFindEntry(tx: Tx, key: string) {
  const entry = await findCatalogEntry(tx, key);
  if (!entry || entry.retiredAt)
    throw new AppError('not_found', 'The catalog has no such entry. Look through the list.');
  return entry;
}

/** How an entry stands for one tenant: `default` follows the hub. */
const choices: Record<string, boolean | null> = { on: true, off: false, default: null };

/**
 * Switches entries for one tenant, by key: `on`, `off`, or `default` to follow the hub. Keys that are left out stay.
 * @throws AppError not_found, invalid_input by key
 */
export async function switchTenantEntries(
  ctx: OperatorCtx,
  tenantId: string,
  wanted: Record<string, unknown>,
): Promise<{ id: string; name: string }> {
  return ctx.hub.db.system.transaction(async (tx) => {
    const tenant = await mustFindTenant(tx, tenantId, { lock: true });
    await actForTenant(tx, tenantId);
    const entries = await selectSwitches(tx, tenantId);
    checkChoices(entries, wanted);
    const changed: Record<string, string> = {};
    for (const { id, key, tenantEnabled } of entries) {
      const choice = wanted[key];
      if (typeof choice !== 'string' || choices[choice] === tenantEnabled) continue;
      await setTenantSwitch(tx, tenantId, id, choices[choice] ?? null);
      changed[key] = choice;
    }
    if (Object.keys(changed).length) await recordEverywhere(tx, tenant, ctx, 'tenant.entries_changed', changed);
    return tenant;
  });
}

function checkChoices(entries: EntrySwitch[], wanted: Record<string, unknown>) {
  const keys = new Set(entries.map(({ key }) => key));
  const errors: FieldErrors = {};
  for (const [key, choice] of Object.entries(wanted))
    if (!keys.has(key)) errors[key] = ['The catalog has no such entry.'];
    else if (typeof choice !== 'string' || !Object.hasOwn(choices, choice))
      errors[key] = ['Choose on, off or default.'];
  if (Object.keys(errors).length) throw invalid(errors);
}

/** @throws AppError entry_disabled with whom to ask; `to` completes the sentence, e.g. "installed" */
export async function requireEnabled(
  tx: Tx,
  ctx: Pick<Ctx, 'tenantId'>,
  entry: { id: string; name: string },
  to: string,
): Promise<void> {
  if ((await selectDisabled(tx, ctx.tenantId)).has(entry.id)) throw switchedOff(entry, to);
}

/** What is told of an entry that is off; `to` completes the sentence. */
export const switchedOff = (entry: { name: string }, to: string) =>
  new AppError(
    'entry_disabled',
    `The operator of this hub has switched ${entry.name} off for this workspace, so it cannot be ${to}. Ask them to switch it on.`,
  );

/**
 * Whether a form for a new connector makes sense; an entry that does not exist is left to install.
 * @throws AppError entry_disabled
 */
export async function requireInstallable(ctx: Ctx, key: string): Promise<void> {
  await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const entry = await findCatalogEntry(tx, key);
      if (entry) await requireEnabled(tx, ctx, entry, 'added');
    },
    { readOnly: true },
  );
}
