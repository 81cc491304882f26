import type { Tx } from '../../db/client.ts';
import { actForTenant } from '../../db/queries/identity.ts';
import { countConnectors, type Quotas, selectQuotas, upsertQuotas } from '../../db/queries/tenant-quotas.ts';
import {
  findTenant,
  selectPeople,
  selectTenants,
  type TenantPerson,
  type TenantRow,
  updateTenant,
} from '../../db/queries/tenants.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { decodeCursor, page } from '../../lib/pagination.ts';
import { cleaned, lineProblem, nameProblem } from '../people/person-input.ts';
import type { OperatorCtx } from './operator-trail.ts';
import { recordEverywhere } from './tenants.ts';

/** A tenant as operators see it. */
export interface TenantSummary extends TenantRow {
  connectors: number;
  quotas: Quotas;
}

export interface TenantQuery {
  /** Free text in the name, the short name and the addresses of its people. */
  q?: string;
  limit?: number;
  cursor?: string;
}

/** Every tenant by name, with how much it holds. */
export async function listTenants(
  { hub }: OperatorCtx,
  query: TenantQuery = {},
): Promise<{ data: TenantSummary[]; nextCursor: string | null }> {
  const limit = query.limit ?? 25;
  const after = query.cursor ? decodeCursor(query.cursor, 2) : null;
  return hub.db.system.transaction(async (tx) => {
    const rows = await selectTenants(tx, { q: query.q, after, limit: limit + 1 });
    const list = page(rows, limit, (row) => [row.sortName, row.id]);
    const data: TenantSummary[] = [];
    for (const row of list.data) data.push(await withFigures(tx, row));
    return { ...list, data };
  });
}

/**
 * One tenant with its people.
 * @throws AppError not_found
 */
export async function getTenant(
  { hub }: OperatorCtx,
  id: string,
): Promise<TenantSummary & { members: TenantPerson[] }> {
  return hub.db.system.transaction(async (tx) => {
    const tenant = await mustFindTenant(tx, id);
    return { ...(await withFigures(tx, tenant)), members: await selectPeople(tx, id) };
  });
}

/** @throws AppError not_found */
export async function mustFindTenant(tx: Tx, id: string, options?: { lock?: boolean }): Promise<TenantRow> {
  const tenant = await findTenant(tx, id, options);
  if (!tenant) throw new AppError('not_found', 'There is no such workspace. Look through the list of workspaces.');
  return tenant;
}

/**
 * Gives the tenant another name; the short name in addresses and files stays.
 * @throws AppError not_found, invalid_input with `name`
 */
export async function renameTenant(ctx: OperatorCtx, id: string, name: unknown): Promise<TenantRow> {
  const wanted = cleaned(name);
  const problem = nameProblem(wanted, 'a name for the workspace');
  if (problem) throw invalid({ name: [problem] });
  return change(ctx, id, async (tx, tenant) => {
    if (tenant.name === wanted) return;
    await updateTenant(tx, id, { name: wanted });
    await recordEverywhere(tx, { id, name: wanted }, ctx, 'tenant.renamed', { before: tenant.name });
  });
}

/**
 * Stops everything in the tenant and loses nothing: its people and programs are told, and jobs leave it alone.
 * @throws AppError not_found, invalid_input with `reason`
 */
export async function suspendTenant(ctx: OperatorCtx, id: string, reason: unknown): Promise<TenantRow> {
  const why = cleaned(reason);
  const problem = lineProblem(why, 500);
  if (problem) throw invalid({ reason: [problem] });
  return change(ctx, id, async (tx, tenant) => {
    if (tenant.suspendedAt) return;
    await updateTenant(tx, id, { suspendedAt: new Date(), suspendedReason: why || null });
    await recordEverywhere(tx, tenant, ctx, 'tenant.suspended', { reason: why || null });
  });
}

/**
 * Lets the tenant go on where it stopped.
 * @throws AppError not_found, invalid_transition once its deletion has begun
 */
export async function resumeTenant(ctx: OperatorCtx, id: string): Promise<TenantRow> {
  return change(ctx, id, async (tx, tenant) => {
    if (tenant.deletionStartedAt)
      throw new AppError(
        'invalid_transition',
        `${tenant.name} is being deleted and its secrets are gone already, so it cannot be resumed. Delete it again to finish.`,
      );
    if (!tenant.suspendedAt) return;
    await updateTenant(tx, id, { suspendedAt: null, suspendedReason: null });
    await recordEverywhere(tx, tenant, ctx, 'tenant.resumed');
  });
}

/**
 * Sets what the tenant may have; blank is without limit. Less than it has now takes nothing away.
 * @throws AppError not_found, invalid_input with `max_connectors` and `executions_per_hour`
 */
export async function setQuotas(
  ctx: OperatorCtx,
  id: string,
  input: { max_connectors: unknown; executions_per_hour: unknown },
): Promise<TenantRow> {
  const errors: FieldErrors = {};
  const quotas: Quotas = {
    maxConnectors: limitOf(input.max_connectors, 'max_connectors', errors),
    executionsPerHour: limitOf(input.executions_per_hour, 'executions_per_hour', errors),
  };
  if (Object.keys(errors).length) throw invalid(errors);
  return change(ctx, id, async (tx, tenant) => {
    const before = await selectQuotas(tx, id);
    if (before.maxConnectors === quotas.maxConnectors && before.executionsPerHour === quotas.executionsPerHour) return;
    await upsertQuotas(tx, id, quotas);
    await recordEverywhere(tx, tenant, ctx, 'tenant.quotas_changed', {
      max_connectors: quotas.maxConnectors,
      executions_per_hour: quotas.executionsPerHour,
    });
  });
}

const most = 1_000_000;

function limitOf(value: unknown, field: string, errors: FieldErrors): number | null {
  const text = cleaned(value);
  if (!text) return null;
  if (/^\d{1,7}$/.test(text) && Number(text) <= most) return Number(text);
  errors[field] = [`Enter a whole number from 0 to ${most}, or leave it blank for no limit.`];
  return null;
}

/** Changes the tenant in one transaction that holds it, and returns it as it is then. */
function change(ctx: OperatorCtx, id: string, work: (tx: Tx, tenant: TenantRow) => Promise<void>): Promise<TenantRow> {
  return ctx.hub.db.system.transaction(async (tx) => {
    const tenant = await mustFindTenant(tx, id, { lock: true });
    await actForTenant(tx, id);
    await work(tx, tenant);
    return mustFindTenant(tx, id);
  });
}

async function withFigures<Row extends TenantRow>(
  tx: Tx,
  row: Row,
): Promise<Row & Omit<TenantSummary, keyof TenantRow>> {
  await actForTenant(tx, row.id);
  return { ...row, connectors: await countConnectors(tx, row.id), quotas: await selectQuotas(tx, row.id) };
}
