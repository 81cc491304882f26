import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import type { Values } from '../../drivers/driver.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { type ParsedForm, parseForm } from '../../lib/forms/parse.ts';
import { initiateAuthorization } from '../../services/authorizations/authorizations.ts';
import { ensureAuthConfig } from '../../services/brokers/auth-configs.ts';
import { type ConnectableToolkit, connectable } from '../../services/brokers/toolkit-connect.ts';
import { startPath } from '../../services/connections/connection-addresses.ts';
import { createConnection } from '../../services/connections/connection-creation.ts';
import { connectionName } from '../../services/connections/connections.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formData } from '../middleware/form-fields.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { behind } from './connector-answers.ts';
import { aboutSchema, choiceOf, choicesOf, type Sent, toolkitForm, waySchema } from './toolkit-form.ts';

/** Connecting an account of a service that a broker brings: a dialog over the catalog, or a page of its own. */
export const toolkitForms = (tools: PageTools): PageRoute[] => [
  page(
    {
      method: 'get',
      path: paths.toolkit(':id', ':slug'),
      role: 'member',
      audit: null,
      example: { params: { slug: 'gmail' } },
    },
    async (ctx, c) => {
      const toolkit = await connectable(ctx, slugOf(c), idOf(c));
      const form = await toolkitForm(ctx, toolkit, { mine: c.req.query('for') === 'me' });
      if (isPartial(c)) return tools.html(c, 'connectors/_dialog', { form });
      return behind(tools, ctx, c, { kind: 'form', form });
    },
  ),
  page(
    {
      method: 'post',
      path: paths.toolkitAccounts(':id', ':slug'),
      role: 'member',
      audit: 'authorization.requested',
      example: { params: { slug: 'gmail' }, form: { for: 'me', 'way.method': 'oauth2' } },
    },
    (ctx, c) => connect(tools, ctx, c),
  ),
];

const onlyMine: ParsedForm = { value: { for: 'me' }, errors: {}, rawValues: {} };

const slugOf = (c: Context<Env>) => c.req.param('slug') ?? '';

async function connect(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const form = await formData(c);
  const toolkit = await connectable(ctx, slugOf(c), idOf(c));
  // Members are not asked: there is one answer.
  const about = mayActAs(ctx.actor, 'admin') ? parseForm(aboutSchema, form, '') : onlyMine;
  const way = parseForm(waySchema(toolkit, ctx), form, 'way');
  const sent: Sent = { about, way };
  try {
    const errors = { ...about.errors, ...way.errors };
    if (Object.keys(errors).length) throw invalid(errors);
    return await done(tools, ctx, c, toolkit, sent);
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 422 || !error.errors) throw error;
    const again = await toolkitForm(ctx, toolkit, { sent, errors: ofForm(error.errors) });
    if (isPartial(c)) return tools.html(c, 'connectors/_form', { form: again }, 422);
    return behind(tools, ctx, c, { kind: 'form', form: again }, 422);
  }
}

/** What verbs call settings and credential is one list of fields in the form. */
const ofForm = (errors: FieldErrors): FieldErrors =>
  Object.fromEntries(
    Object.entries(errors).map(([path, told]) => [
      path
        .replace(/^(settings|credential)\b/, 'way')
        .replace(/^(managed|scheme|auth_config_id|toolkit_slug)$/, 'way.method'),
      told,
    ]),
  );

async function done(
  tools: PageTools,
  ctx: Ctx,
  c: Context<Env>,
  toolkit: ConnectableToolkit,
  { about, way }: Sent,
): Promise<Response> {
  const { target, details } = toolkit;
  const values = way.value as Values & { method: string };
  const choice = choiceOf(choicesOf(toolkit, ctx), values.method);
  const { method: _method, ...entered } = values;
  const pick = (names: string[]) =>
    Object.fromEntries(Object.entries(entered).filter(([name]) => names.includes(name)));
  const owner = { connectorId: target.connector.id, userId: forWhom(ctx, about.value) };
  const config =
    choice.settings.length || choice.managed
      ? (
          await ensureAuthConfig(ctx, target, details, {
            scheme: choice.scheme,
            managed: choice.managed,
            settings: pick(choice.settings),
          })
        ).config
      : null;
  const wanted = { ...owner, toolkitSlug: details.slug, authConfigId: config?.id ?? null };
  if (choice.scheme.connects === 'link') {
    const { request } = await initiateAuthorization(ctx, wanted);
    return goTo(tools, c, startPath(request.id));
  }
  const { connection, created } = await createConnection(ctx, { ...wanted, values: pick(choice.credential) });
  const name = connectionName(connection, target.connector);
  const text = created ? 'is connected.' : 'was connected already, and stays as it is.';
  if (!isPartial(c)) {
    leaveNotice(c, tools.hub, { tone: 'ok', name, text });
    return tools.redirect(c, paths.connector(target.connector.id));
  }
  c.header('HX-Trigger', JSON.stringify({ 'dialog-close': {}, 'connectors-changed': {} }));
  c.header('HX-Reswap', 'none');
  const action = { label: 'Open', path: paths.connector(target.connector.id), method: 'get' as const };
  return c.html(await tools.done(ctx, { tone: 'ok', name, text, action }));
}

const forWhom = (ctx: Ctx, about: unknown): string | null =>
  (about as { for?: string }).for === 'me' || !mayActAs(ctx.actor, 'admin') ? 'me' : null;

/** A whole page, whether htmx asks or the browser itself. */
function goTo(tools: PageTools, c: Context<Env>, path: string): Response {
  if (!isPartial(c)) return tools.redirect(c, path);
  c.header('HX-Redirect', tools.url(path));
  return c.body(null, 200);
}
