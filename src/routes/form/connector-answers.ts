import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { catalogResults } from '../dashboard/catalog.ts';
import { installedResults } from '../dashboard/connectors.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { isPartial } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ConnectorDialog } from '../view-models/dialog.ts';
import type { Toast } from '../view-models/shared.ts';

// How forms about connectors answer: with a dialog, or with what a change leaves behind.

/** Over the page that is there, or as a page of its own with the list behind it. */
export async function openDialog(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  dialog: ConnectorDialog,
): Promise<Response> {
  if (isPartial(c)) {
    if (dialog.kind === 'form') return tools.html(c, 'connectors/_dialog', { form: dialog.form });
    return tools.html(c, 'connectors/_question', { question: dialog.question });
  }
  return behind(tools, ctx, c, dialog);
}

/** A dialog on a page of its own, with the list behind it. */
export async function behind(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  dialog: ConnectorDialog,
  status = 200,
): Promise<Response> {
  if (dialog.kind === 'form' && dialog.form.method === 'post') {
    const shell = await tools.shell(c, ctx, { title: dialog.form.heading, tab: 'catalog', dialog });
    return tools.html(c, 'catalog/index', { shell, results: await catalogResults(ctx, c) }, status);
  }
  const title = dialog.kind === 'form' ? dialog.form.heading : dialog.question.title;
  const shell = await tools.shell(c, ctx, { title, tab: 'installed', dialog });
  return tools.html(c, 'connectors/index', { shell, results: await installedResults(ctx, c, {}) }, status);
}

/** After a change: the dialog closes and the lists load themselves anew, with a toast and the count; or a redirect with a notice. */
export async function changed(tools: PageTools, ctx: Ctx, c: Context<Env>, toast: Toast): Promise<Response> {
  if (!isPartial(c)) {
    leaveNotice(c, tools.hub, toast);
    return tools.redirect(c, paths.installed);
  }
  c.header('HX-Trigger', JSON.stringify({ 'dialog-close': {}, 'connectors-changed': {} }));
  c.header('HX-Reswap', 'none');
  return c.html(await tools.done(ctx, toast));
}

/** What was deleted has no page of its own any more. */
export async function deleted(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  id: string,
  toast: Toast,
): Promise<Response> {
  const at = URL.parse(c.req.header('hx-current-url') ?? '')?.pathname;
  if (at !== tools.url(paths.connector(id))) return changed(tools, ctx, c, toast);
  leaveNotice(c, tools.hub, toast);
  c.header('HX-Redirect', tools.url(paths.installed));
  return c.body(null, 200);
}
