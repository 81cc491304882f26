import type { Context } from 'hono';
import { AppError } from '../../errors.ts';
import { streamOf } from '../../lib/stream-of.ts';
import { switchTenantEntries } from '../../services/connectors/provisioned-entries.ts';
import type { OperatorCtx } from '../../services/tenants/operator-trail.ts';
import { renameTenant, resumeTenant, setQuotas, suspendTenant } from '../../services/tenants/tenant-admin.ts';
import { deleteTenant } from '../../services/tenants/tenant-deletion.ts';
import { exportTenant } from '../../services/tenants/tenant-export.ts';
import { createTenant } from '../../services/tenants/tenants.ts';
import { deletionPage, newTenantPage, type Refused, tenantIdOf, tenantPage } from '../dashboard/operator-tenants.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

const exampleOwner = { owner_name: 'Cleo', email: 'cleo@example.com', password: 'correct horse battery' };

/** What operators do about workspaces: posts that end in a redirect with a notice, or in the page again with what is wrong. */
export const operatorTenantForms = (tools: PageTools): PageRoute[] => [
  operatorPage(
    tools.hub,
    {
      method: 'post',
      path: paths.operatorTenants,
      audit: 'tenant.created',
      example: { form: { name: 'Tailspin', ...exampleOwner } },
    },
    (ctx, c) => create(tools, ctx, c),
  ),
  operatorPage(
    tools.hub,
    {
      method: 'put',
      path: paths.operatorTenant(':tenant'),
      audit: 'tenant.renamed',
      example: { form: { name: 'Contoso' } },
    },
    async (ctx, c) => {
      const { name } = await fieldsOf(c);
      return submit(tools, ctx, c, () => renameTenant(ctx, tenantIdOf(c), name), 'has its new name.');
    },
  ),
  operatorPage(
    tools.hub,
    {
      method: 'put',
      path: paths.tenantQuotas(':tenant'),
      audit: 'tenant.quotas_changed',
      example: { form: { max_connectors: '25', executions_per_hour: '' } },
    },
    async (ctx, c) => {
      const { max_connectors, executions_per_hour } = await fieldsOf(c);
      const save = () => setQuotas(ctx, tenantIdOf(c), { max_connectors, executions_per_hour });
      return submit(tools, ctx, c, save, 'has its new limits.');
    },
  ),
  operatorPage(
    tools.hub,
    {
      method: 'put',
      path: paths.tenantEntries(':tenant'),
      audit: 'tenant.entries_changed',
      example: { form: { slack: 'off', openai: 'default' } },
    },
    async (ctx, c) => {
      const { _method, ...wanted } = await fieldsOf(c);
      const save = () => switchTenantEntries(ctx, tenantIdOf(c), wanted);
      return submit(tools, ctx, c, save, 'has its catalog entries.');
    },
  ),
  operatorPage(
    tools.hub,
    {
      method: 'post',
      path: paths.tenantSuspension(':tenant'),
      audit: 'tenant.suspended',
      example: { form: { reason: 'The contract has ended' } },
    },
    async (ctx, c) => {
      const { reason } = await fieldsOf(c);
      const stop = () => suspendTenant(ctx, tenantIdOf(c), reason);
      return submit(tools, ctx, c, stop, 'is suspended. Nothing of it is lost.');
    },
  ),
  operatorPage(
    tools.hub,
    { method: 'delete', path: paths.tenantSuspension(':tenant'), audit: 'tenant.resumed', example: {} },
    (ctx, c) => submit(tools, ctx, c, () => resumeTenant(ctx, tenantIdOf(c)), 'runs again.'),
  ),
  operatorPage(
    tools.hub,
    { method: 'post', path: paths.tenantExport(':tenant'), audit: 'tenant.exported', example: {} },
    (ctx, c) => download(ctx, c),
  ),
  operatorPage(
    tools.hub,
    {
      method: 'delete',
      path: paths.operatorTenant(':tenant'),
      audit: 'tenant.deleted',
      example: { form: { confirm: 'Example', people: 'keep' } },
    },
    (ctx, c) => remove(tools, ctx, c),
  ),
];

const fieldsOf = async (c: Context<Env>): Promise<Record<string, string>> =>
  Object.fromEntries((await formFields(c)) ?? []);

/** The form's own names for what the verb calls otherwise. */
const formNames: Record<string, string> = {
  'owner.name': 'owner_name',
  'owner.email': 'email',
  'owner.password': 'password',
};

async function create(tools: PageTools, ctx: OperatorCtx, c: Context<Env>): Promise<Response> {
  const { name = '', owner_name = '', email = '', password = '' } = await fieldsOf(c);
  try {
    const owner = { name: owner_name, email, password };
    const { tenant, owner: made } = await createTenant(ctx.hub, { name, owner }, { by: ctx });
    const note = made.existed ? ` ${made.email} was here already and keeps their password.` : '';
    leaveNotice(c, ctx.hub, { tone: 'ok', name: tenant.name, text: `was created.${note}` });
    return tools.redirect(c, paths.operatorTenant(tenant.id));
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    const errors = Object.entries(error.errors).map(([field, messages]) => [formNames[field] ?? field, messages]);
    return newTenantPage(tools, c, { name, owner_name, email }, Object.fromEntries(errors));
  }
}

/** Saves and goes back to the workspace's page, or shows that page again with what was typed. */
async function submit(
  tools: PageTools,
  ctx: OperatorCtx,
  c: Context<Env>,
  save: () => Promise<{ id: string; name: string }>,
  done: string,
): Promise<Response> {
  try {
    const { id, name } = await save();
    leaveNotice(c, ctx.hub, { tone: 'ok', name, text: done });
    return tools.redirect(c, paths.operatorTenant(id));
  } catch (error) {
    return tenantPage(tools, ctx, c, await refusedBy(c, error));
  }
}

async function remove(tools: PageTools, ctx: OperatorCtx, c: Context<Env>): Promise<Response> {
  const { confirm = '', people = '' } = await fieldsOf(c);
  try {
    const { eventId, name } = await deleteTenant(ctx, tenantIdOf(c), { confirm, people });
    leaveNotice(c, ctx.hub, { tone: 'ok', name, text: 'was deleted. This page tells what was shredded.' });
    return tools.redirect(c, paths.operatorEvent(eventId));
  } catch (error) {
    return deletionPage(tools, ctx, c, await refusedBy(c, error));
  }
}

async function refusedBy(c: Context<Env>, error: unknown): Promise<Refused> {
  if (!(error instanceof AppError) || !error.errors) throw error;
  return { typed: await fieldsOf(c), errors: error.errors };
}

async function download(ctx: OperatorCtx, c: Context<Env>): Promise<Response> {
  const { fileName, pieces } = await exportTenant(ctx, tenantIdOf(c));
  return c.body(streamOf(pieces), 200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': `attachment; filename="${fileName}"`,
  });
}
