import type { Context } from 'hono';
import type { FieldErrors } from '../../errors.ts';
import type { Role } from '../../lib/role.ts';
import { listTenantSwitches } from '../../services/connectors/provisioned-entries.ts';
import { listOperatorEvents, type OperatorCtx } from '../../services/tenants/operator-trail.ts';
import { getTenant, listTenants, type TenantSummary } from '../../services/tenants/tenant-admin.ts';
import type { Env } from '../env.ts';
import { nextPage } from '../next-page.ts';
import { operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { OperatorTenant, OperatorTenantRow, TenantDeletion } from '../view-models/operator.ts';
import { eventRow } from './operator-activity.ts';
import { operatorShell } from './operator-shell.ts';

/** Every workspace of the hub, and each of them. */
export const operatorTenantPages = (tools: PageTools): PageRoute[] => [
  operatorPage(
    tools.hub,
    { method: 'get', path: paths.operatorTenants, audit: null, example: { query: { q: 'north' } } },
    async (ctx, c) => {
      const q = (c.req.query('q') ?? '').slice(0, 200);
      const { data, nextCursor } = await listTenants(ctx, { q: q || undefined, cursor: c.req.query('cursor') });
      return tools.html(c, 'operator/tenants', {
        shell: operatorShell(tools, c, 'Workspaces', 'tenants'),
        results: { q, rows: data.map(rowOf), next: nextCursor ? nextPage(c, paths.operatorTenants, nextCursor) : null },
      });
    },
  ),
  operatorPage(tools.hub, { method: 'get', path: paths.newTenant, audit: null, example: {} }, (_ctx, c) =>
    newTenantPage(tools, c, { name: '', owner_name: '', email: '' }, {}),
  ),
  operatorPage(
    tools.hub,
    { method: 'get', path: paths.operatorTenant(':tenant'), audit: null, example: {} },
    (ctx, c) => tenantPage(tools, ctx, c),
  ),
  operatorPage(
    tools.hub,
    { method: 'get', path: paths.tenantDeletion(':tenant'), audit: null, example: {} },
    (ctx, c) => deletionPage(tools, ctx, c),
  ),
];

export const tenantIdOf = (c: Context<Env>): string => c.req.param('tenant') ?? '';

/** The form for a new workspace, as it was sent when it was refused. */
export function newTenantPage(
  tools: PageTools,
  c: Context<Env>,
  values: Record<'name' | 'owner_name' | 'email', string>,
  errors: FieldErrors,
): Response {
  const shell = operatorShell(tools, c, 'New workspace', 'tenants');
  return tools.html(c, 'operator/tenant-new', { shell, values, errors }, Object.keys(errors).length ? 422 : 200);
}

/** A form of the page that was refused: what was typed, and what is wrong with it. */
export interface Refused {
  typed: Record<string, string>;
  errors: FieldErrors;
}

/** One workspace with all that an operator may do about it. */
export async function tenantPage(tools: PageTools, ctx: OperatorCtx, c: Context<Env>, refused?: Refused) {
  const found = await getTenant(ctx, tenantIdOf(c));
  const { data } = await listOperatorEvents(ctx, { subjectId: found.id, limit: 10 });
  const tenant: OperatorTenant = {
    ...rowOf(found),
    slug: found.slug,
    reason: found.suspendedReason ?? '',
    suspendedAt: found.suspendedAt,
    members: found.members.map(({ name, email, role }) => ({ name, email, role: role as Role })),
    events: data.map(eventRow),
  };
  const entries = (await listTenantSwitches(ctx, found.id)).map(({ tenantEnabled, ...entry }) => ({
    ...entry,
    choice: tenantEnabled === null ? 'default' : tenantEnabled ? 'on' : 'off',
  }));
  const values = { name: found.name, reason: '', ...refused?.typed };
  const model = { tenant, values, errors: refused?.errors ?? {}, limits: limitsOf(found, refused), entries };
  const shell = operatorShell(tools, c, found.name, 'tenants');
  return tools.html(c, 'operator/tenant', { shell, ...model }, refused ? 422 : 200);
}

function limitsOf({ connectors, quotas }: TenantSummary, refused: Refused | undefined) {
  const field = (name: string, label: string, help: string, kept: number | null) => ({
    ...{ name, label, help },
    value: refused?.typed[name] ?? (kept === null ? '' : String(kept)),
    faults: refused?.errors[name],
  });
  const now = `In use now: ${connectors}. A lower limit takes nothing away, but nothing more can be added.`;
  return [
    field('max_connectors', 'Connectors', now, quotas.maxConnectors),
    field(
      'executions_per_hour',
      'Executions per hour',
      'Runs of tools and calls of language models together; more are refused until an hour has passed.',
      quotas.executionsPerHour,
    ),
  ];
}

/** The question before a workspace is deleted, with what would go. */
export async function deletionPage(tools: PageTools, ctx: OperatorCtx, c: Context<Env>, refused?: Refused) {
  const found = await getTenant(ctx, tenantIdOf(c));
  const deletion: TenantDeletion = {
    id: found.id,
    name: found.name,
    connectors: found.connectors,
    lonely: found.members.filter(({ only }) => only).map(({ email }) => email),
    others: found.members.filter(({ only }) => !only).length,
    started: found.deletionStartedAt !== null,
    values: { confirm: refused?.typed.confirm ?? '', people: refused?.typed.people ?? '' },
    errors: refused?.errors ?? {},
  };
  const shell = operatorShell(tools, c, `Delete ${found.name}`, 'tenants');
  return tools.html(c, 'operator/tenant-deletion', { shell, deletion }, refused ? 422 : 200);
}

const rowOf = (tenant: TenantSummary): OperatorTenantRow => ({
  id: tenant.id,
  name: tenant.name,
  state: tenant.deletionStartedAt ? 'deleting' : tenant.suspendedAt ? 'suspended' : 'running',
  people: tenant.people,
  connectors: tenant.connectors,
  maxConnectors: tenant.quotas.maxConnectors,
  createdAt: tenant.createdAt,
});
