import type { Context } from 'hono';
import { type Ctx, requireRole } from '../../context.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { listOperations, previewOperations, saveOperations } from '../../services/connectors/imported-operations.ts';
import { operationsPage, reviewPage, type SentDocument } from '../dashboard/operations-model.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formData } from '../middleware/form-fields.ts';
import { idOf, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { OperationsPage } from '../view-models/operation.ts';

const document = 'openapi: 3.1.0\npaths: { "/orders": { get: { operationId: listOrders } } }';

/** Operations of an OpenAPI document: the imported ones, a look at a document, and the choice. */
export const importedOperationForms = (tools: PageTools): PageRoute[] => [
  page(
    { method: 'get', path: paths.connectorOperations(':id'), role: 'member', audit: null, example: {} },
    async (ctx, c) => show(tools, ctx, c, operationsPage(ctx, await listOperations(ctx, idOf(c)))),
  ),
  page(
    {
      method: 'post',
      path: paths.operationsPreview(':id'),
      role: 'admin',
      audit: null,
      example: { form: { document } },
    },
    async (ctx, c) => {
      const sent = sentIn(await formData(c));
      return look(tools, ctx, c, sent);
    },
  ),
  page(
    {
      method: 'put',
      path: paths.connectorOperations(':id'),
      role: 'admin',
      audit: 'connector.operations_imported',
      example: { form: { document, operations: 'list_orders' } },
    },
    (ctx, c) => save(tools, ctx, c),
  ),
];

const sentIn = (form: FormData): SentDocument => ({
  document: String(form.get('document') ?? ''),
  url: String(form.get('url') ?? ''),
});

async function show(tools: PageTools, ctx: Ctx, c: Context<Env>, model: OperationsPage, status = 200) {
  const shell = await tools.shell(c, ctx, { title: `Operations of ${model.connector.name}`, tab: 'installed' });
  return tools.html(c, 'operations/index', { shell, page: model }, status);
}

/** @param again what was ticked in a choice that was refused, and why */
async function look(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  sent: SentDocument,
  again: { chosen: string[]; errors: FieldErrors } | null = null,
) {
  requireRole(ctx, 'admin', 'import operations');
  const listed = await listOperations(ctx, idOf(c));
  try {
    const preview = await previewOperations(ctx, idOf(c), sent);
    const model = operationsPage(ctx, listed, { errors: again?.errors });
    return await show(tools, ctx, c, reviewPage(model, preview, sent, again?.chosen ?? null), again ? 422 : 200);
  } catch (error) {
    return show(tools, ctx, c, operationsPage(ctx, listed, { sent, errors: errorsOf(error) }), 422);
  }
}

async function save(tools: PageTools, ctx: Ctx, c: Context<Env>) {
  const form = await formData(c);
  const sent = sentIn(form);
  const operations = form.getAll('operations').map(String);
  const digest = String(form.get('digest') ?? '') || undefined;
  try {
    const saved = await saveOperations(ctx, idOf(c), { ...sent, operations, digest });
    const { connector } = await listOperations(ctx, idOf(c));
    const text = saved.length
      ? `has ${saved.length} imported ${saved.length === 1 ? 'operation' : 'operations'} now.`
      : 'has no imported operations any more.';
    leaveNotice(c, tools.hub, { tone: 'ok', name: connector.name, text });
    return tools.redirect(c, paths.connector(connector.id));
  } catch (error) {
    const changed = error instanceof AppError && error.code === 'conflict' && digest !== undefined;
    const errors = changed ? { operations: [error.message] } : errorsOf(error);
    if (sent.document.trim() || sent.url.trim()) return look(tools, ctx, c, sent, { chosen: operations, errors });
    return show(tools, ctx, c, operationsPage(ctx, await listOperations(ctx, idOf(c)), { errors }), 422);
  }
}

/** @throws what does not stand beside a field */
function errorsOf(error: unknown): FieldErrors {
  if (!(error instanceof AppError) || !error.errors) throw error;
  return error.errors;
}
