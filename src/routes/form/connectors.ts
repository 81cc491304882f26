import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { CatalogEntry } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { tenantDriver } from '../../services/authorizations/oauth-applications.ts';
import { deleteConnector, restoreConnector, setConnectorStatus } from '../../services/connectors/connector-status.ts';
import { driverFor, installConnector, updateConnector } from '../../services/connectors/connectors.ts';
import { getConnector } from '../../services/connectors/installed.ts';
import { requireUnmanaged } from '../../services/connectors/managed.ts';
import { requireInstallable } from '../../services/connectors/provisioned-entries.ts';
import { toolsOf } from '../../services/tools/tools.ts';
import type { Env } from '../env.ts';
import { formData } from '../middleware/form-fields.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { reservedId } from '../reserved-id.ts';
import type { ConnectorForm } from '../view-models/dialog.ts';
import type { Toast } from '../view-models/shared.ts';
import { behind, changed, deleted, openDialog } from './connector-answers.ts';
import { editForm, newForm, readConnectorForm, type Submitted } from './connector-form.ts';
import { deactivationOf, deletionOf } from './connector-questions.ts';
import { staleEdit } from './stale-edit.ts';

const admin = { role: 'admin' } as const;

const exampleForm = {
  catalog_key: 'wordpress',
  name: 'Company blog',
  'auth.method': 'basic',
  'auth.~0.username': 'editor',
  'auth.~0.password': 'abcd efgh ijkl mnop qrst uvwx',
  'config.site_url': 'https://blog.example.com',
};

/** Dialogs and form posts for connectors: fragments for htmx, whole pages and redirects for everybody else. */
export const connectorForms = (tools: PageTools): PageRoute[] => [
  page(
    { ...admin, method: 'get', path: '/connectors/new', audit: null, example: { query: { catalog_key: 'wordpress' } } },
    async (ctx, c) => {
      requireRole(ctx, 'admin', 'install connectors');
      const key = c.req.query('catalog_key') ?? '';
      if (!ctx.hub.drivers.has(key)) throw new AppError('not_found', 'The catalog has no such service.');
      const { entry } = await tenantDriver(ctx, driverFor(ctx, key));
      await requireInstallable(ctx, entry.key);
      return openDialog(tools, ctx, c, { kind: 'form', form: newForm(ctx, entry) });
    },
  ),
  page(
    {
      ...admin,
      method: 'post',
      path: paths.connectors,
      audit: 'connector.installed',
      example: { form: exampleForm },
    },
    (ctx, c) => install(tools, ctx, c),
  ),
  page({ ...admin, method: 'get', path: paths.editConnector(':id'), audit: null, example: {} }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'configure connectors');
    const { connector } = await getConnector(ctx, idOf(c));
    requireUnmanaged(connector);
    return openDialog(tools, ctx, c, {
      kind: 'form',
      form: editForm(ctx, (await tenantDriver(ctx, driverFor(ctx, connector.catalog.key))).entry, connector),
    });
  }),
  page(
    {
      ...admin,
      method: 'put',
      path: paths.connector(':id'),
      audit: 'connector.updated',
      example: { form: { ...exampleForm, version: '1', tags: 'marketing' } },
    },
    (ctx, c) => update(tools, ctx, c),
  ),
  page(
    { ...admin, method: 'post', path: paths.connectorActivation(':id'), audit: 'connector.activated', example: {} },
    async (ctx, c) => {
      const { id, name } = await setConnectorStatus(ctx, idOf(c), 'active');
      const { total } = await toolsOf(ctx, id);
      const action = { label: 'Try a tool', path: paths.connectorTools(id), method: 'get' as const };
      return changed(tools, ctx, c, { tone: 'ok', name, text: 'is active.', ...(total && { action }) });
    },
  ),
  page(
    { ...admin, method: 'delete', path: paths.connectorActivation(':id'), audit: 'connector.deactivated', example: {} },
    async (ctx, c) => {
      const { name } = await setConnectorStatus(ctx, idOf(c), 'inactive');
      return changed(tools, ctx, c, { tone: 'ok', name, text: 'is inactive. Its settings are kept.' });
    },
  ),
  page(
    { ...admin, method: 'get', path: paths.connectorDeactivation(':id'), audit: null, example: {} },
    async (ctx, c) => {
      requireRole(ctx, 'admin', 'deactivate connectors');
      const { connector } = await getConnector(ctx, idOf(c));
      requireUnmanaged(connector);
      return openDialog(tools, ctx, c, { kind: 'question', question: await deactivationOf(ctx, connector) });
    },
  ),
  page({ ...admin, method: 'get', path: paths.connectorDeletion(':id'), audit: null, example: {} }, async (ctx, c) => {
    requireRole(ctx, 'admin', 'delete connectors');
    const { connector } = await getConnector(ctx, idOf(c));
    requireUnmanaged(connector);
    return openDialog(tools, ctx, c, { kind: 'question', question: await deletionOf(ctx, connector) });
  }),
  page(
    { ...admin, method: 'delete', path: paths.connector(':id'), audit: 'connector.deleted', example: {} },
    async (ctx, c) => {
      const { id, name } = await deleteConnector(ctx, idOf(c));
      const action = { label: 'Undo', path: paths.connectorRestoration(id), method: 'post' as const };
      return deleted(tools, ctx, c, id, {
        tone: 'ok',
        name,
        text: 'was deleted. You can undo this for ten minutes.',
        action,
      });
    },
  ),
  page(
    { ...admin, method: 'post', path: paths.connectorRestoration(':id'), audit: 'connector.restored', example: {} },
    async (ctx, c) => {
      const { name } = await restoreConnector(ctx, idOf(c));
      return changed(tools, ctx, c, { tone: 'ok', name, text: 'is back.' });
    },
  ),
];

async function install(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  requireRole(ctx, 'admin', 'install connectors');
  const form = await formData(c);
  const { entry } = await tenantDriver(ctx, driverFor(ctx, String(form.get('catalog_key') ?? '')));
  const id = reservedId(form.get('id'));
  return submit(tools, ctx, c, readConnectorForm(entry, form), {
    save: ({ input }) => installConnector(ctx, entry.key, input, { id }),
    done: ({ id, name }) => ({
      tone: 'ok',
      name,
      text: 'was added. Activate it when it should be used.',
      action: { label: 'Open', path: paths.connector(id), method: 'get' },
    }),
    again: (again) => Promise.resolve(newForm(ctx, entry, { ...again, id })),
  });
}

async function update(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  requireRole(ctx, 'admin', 'configure connectors');
  const { connector } = await getConnector(ctx, idOf(c));
  const { entry } = await tenantDriver(ctx, driverFor(ctx, connector.catalog.key));
  const form = await formData(c);
  const version = Number(form.get('version'));
  return submit(tools, ctx, c, readConnectorForm(entry, form), {
    save: ({ input }) => updateConnector(ctx, connector.id, { ...input, version }),
    done: ({ name }) => ({ tone: 'ok', name, text: 'was saved.' }),
    again: (again) => redrawEdit(ctx, entry, connector.id, again),
  });
}

/** The form over again, from the row as it is now: after a stale edit that is somebody else's. */
async function redrawEdit(
  ctx: Ctx,
  entry: CatalogEntry,
  id: string,
  { submitted, error }: Refusal,
): Promise<ConnectorForm> {
  const { connector } = await getConnector(ctx, id);
  const stale = error.code === 'stale_version' ? await staleEdit(ctx, connector) : undefined;
  return editForm(ctx, entry, connector, { submitted, errors: error.errors, stale });
}

interface Refusal {
  submitted: Submitted;
  error: AppError;
  errors?: AppError['errors'];
}

interface Submission {
  save(submitted: Submitted): Promise<ConnectorRow>;
  done(saved: ConnectorRow): Toast;
  again(refusal: Refusal): Promise<ConnectorForm>;
}

/** Saves and goes on, or shows the form again with what was typed and what is wrong with it. */
async function submit(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  submitted: Submitted,
  { save, done, again }: Submission,
): Promise<Response> {
  try {
    if (Object.keys(submitted.errors).length) throw invalid(submitted.errors);
    return await changed(tools, ctx, c, done(await save(submitted)));
  } catch (error) {
    if (!(error instanceof AppError) || ![409, 422].includes(error.status)) throw error;
    if (!error.errors && error.code !== 'stale_version') throw error; // nothing to mend in the form: a toast beside it
    const form = await again({ submitted, error, errors: error.errors });
    if (isPartial(c)) return tools.html(c, 'connectors/_form', { form }, error.status);
    return behind(tools, ctx, c, { kind: 'form', form }, error.status);
  }
}
