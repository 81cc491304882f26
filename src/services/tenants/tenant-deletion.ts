import type { Hub } from '../../context.ts';
import { actForTenant } from '../../db/queries/identity.ts';
import { deleteJobsOf } from '../../db/queries/jobs.ts';
import {
  deleteLonelyPeople,
  deleteOrganization,
  selectPeople,
  shredRows,
  type TenantRow,
  tenantTables,
  updateTenant,
} from '../../db/queries/tenants.ts';
import { type FieldErrors, invalid } from '../../errors.ts';
import { type OperatorCtx, recordOperatorEvent } from './operator-trail.ts';
import { mustFindTenant } from './tenant-admin.ts';

export interface DeletionInput {
  /** The tenant's name, typed. */
  confirm: unknown;
  /** What happens to people who belong to no other tenant: `keep` or `remove`. */
  people: unknown;
}

/** What was shredded. */
export interface DeletionReport {
  data_keys: number;
  /** By table; tables that held nothing are left out. */
  rows: Record<string, number>;
  memberships: number;
  people_removed: number;
  people_kept: number;
}

/**
 * Deletes a tenant for good. Its data keys go first, in a transaction of their own: from then on its secrets cannot be read by
 * anybody, whatever happens to the rest. When it is interrupted, deleting again finishes it.
 * @returns the id of the operators' event that holds the report
 * @throws AppError not_found, invalid_input with `confirm` and `people`
 */
export async function deleteTenant(
  ctx: OperatorCtx,
  id: string,
  input: DeletionInput,
): Promise<{ eventId: string; name: string; report: DeletionReport }> {
  const { tenant, dataKeys } = await begin(ctx, id, input);
  const gone = new Map<string, number>();
  for (const table of await tenantTables(ctx.hub.db.system)) gone.set(table, await shred(ctx.hub, table, id));
  const finished = await finish(ctx, tenant, input.people === 'remove', dataKeys, gone);
  return { name: tenant.name, ...finished };
}

/** Stops the tenant and shreds its data keys. */
function begin(ctx: OperatorCtx, id: string, input: DeletionInput): Promise<{ tenant: TenantRow; dataKeys: number }> {
  return ctx.hub.db.system.transaction(async (tx) => {
    const tenant = await mustFindTenant(tx, id, { lock: true });
    checkInput(input, tenant.name);
    await actForTenant(tx, id);
    const now = new Date();
    await updateTenant(tx, id, {
      suspendedAt: tenant.suspendedAt ?? now,
      deletionStartedAt: tenant.deletionStartedAt ?? now,
    });
    const dataKeys = await shredRows(tx, 'tenant_keys', id, allAtOnce);
    await recordOperatorEvent(tx, ctx, {
      action: 'tenant.deletion_started',
      subject: { type: 'tenant', id, name: tenant.name },
      details: { data_keys: dataKeys },
    });
    return { tenant, dataKeys };
  });
}

function checkInput({ confirm, people }: DeletionInput, name: string) {
  const errors: FieldErrors = {};
  if (confirm !== name) errors.confirm = [`Type the name exactly as it stands here: ${name}`];
  if (people !== 'keep' && people !== 'remove') errors.people = ['Choose what happens to the people.'];
  if (Object.keys(errors).length) throw invalid(errors);
}

/** For what is few. */
const allAtOnce = 1_000_000;

/** Few enough rows that a statement stays far below the deadline of transactions. */
const chunk = 1_000;

async function shred({ db }: Hub, table: string, tenantId: string): Promise<number> {
  for (let total = 0; ; ) {
    const gone = await db.system.transaction(async (tx) => {
      await actForTenant(tx, tenantId);
      return shredRows(tx, table, tenantId, chunk);
    });
    total += gone;
    if (gone < chunk) return total;
  }
}

/**
 * People, memberships and the tenant itself, with the report, at once. Holding the tenant keeps new rows out; what requests that were
 * under way have written since their table was shredded goes here.
 */
function finish(
  ctx: OperatorCtx,
  { id, name }: TenantRow,
  removePeople: boolean,
  dataKeys: number,
  gone: Map<string, number>,
): Promise<{ eventId: string; report: DeletionReport }> {
  return ctx.hub.db.system.transaction(async (tx) => {
    await mustFindTenant(tx, id, { lock: true });
    await actForTenant(tx, id);
    const rows: Record<string, number> = {};
    for (const [table, before] of gone) {
      const all = before + (await shredRows(tx, table, id, allAtOnce));
      if (all) rows[table] = all;
    }
    const people = await selectPeople(tx, id);
    const removed = removePeople ? await deleteLonelyPeople(tx, id) : 0;
    await deleteJobsOf(tx, id);
    await deleteOrganization(tx, id);
    const report = {
      data_keys: dataKeys,
      rows,
      memberships: people.length,
      people_removed: removed,
      people_kept: people.length - removed,
    };
    const subject = { type: 'tenant', id, name };
    const eventId = await recordOperatorEvent(tx, ctx, { action: 'tenant.deleted', subject, details: { ...report } });
    return { eventId, report };
  });
}
