import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import { AppError, invalid } from '../../errors.ts';
import { parseForm } from '../../lib/forms/parse.ts';
import { getRotation, rollBackCredential, rotateCredential } from '../../services/credentials/credential-rotation.ts';
import { installedResults } from '../dashboard/connectors.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formData } from '../middleware/form-fields.ts';
import { idOf, isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { ConnectorForm } from '../view-models/dialog.ts';
import type { Toast } from '../view-models/shared.ts';
import { rotationForm, rotationPrefix, rotationSchema } from './rotation-form.ts';

const admin = { role: 'admin' } as const;

/** Putting a new key, password or token in the place of the one in use, and going back. */
export const rotationForms = (tools: PageTools): PageRoute[] => [
  page({ ...admin, method: 'get', path: paths.credentialRotation(':id'), audit: null, example: {} }, async (ctx, c) =>
    show(tools, ctx, c, await rotationForm(ctx, await getRotation(ctx, idOf(c)))),
  ),
  page(
    {
      ...admin,
      method: 'post',
      path: paths.credentialRotation(':id'),
      audit: 'connection.credential_rotated',
      example: { form: { 'credential.password': 'correct horse battery staple' } },
    },
    (ctx, c) => rotate(tools, ctx, c),
  ),
  page(
    {
      ...admin,
      method: 'post',
      path: paths.credentialRollback(':id'),
      audit: 'connection.credential_rolled_back',
      example: { form: {} },
    },
    async (ctx, c) => {
      const { connector } = await getRotation(ctx, idOf(c));
      await rollBackCredential(ctx, idOf(c));
      const text = 'uses the credential before again.';
      return changed(tools, ctx, c, connector.id, { tone: 'ok', name: connector.name, text });
    },
  ),
];

async function rotate(tools: PageTools, ctx: Ctx, c: Context<Env>): Promise<Response> {
  const rotation = await getRotation(ctx, idOf(c));
  const { value, errors } = parseForm(rotationSchema(rotation), await formData(c), rotationPrefix);
  try {
    if (Object.keys(errors).length) throw invalid(errors);
    await rotateCredential(ctx, idOf(c), value);
  } catch (error) {
    if (!(error instanceof AppError && error.errors)) throw error; // nothing to mend in the form: a toast beside it
    return show(tools, ctx, c, await rotationForm(ctx, rotation, error.errors), error.status);
  }
  const { id, name } = rotation.connector;
  return changed(tools, ctx, c, id, { tone: 'ok', name, text: 'uses the new credential. It was tested and works.' });
}

/** Over the page that is there, or as a page of its own with the list behind it. */
async function show(tools: PageTools, ctx: Ctx, c: Context<Env>, form: ConnectorForm, status = 200): Promise<Response> {
  if (isPartial(c)) return tools.html(c, status === 200 ? 'connectors/_dialog' : 'connectors/_form', { form }, status);
  const shell = await tools.shell(c, ctx, { title: form.heading, tab: 'installed', dialog: { kind: 'form', form } });
  return tools.html(c, 'connectors/index', { shell, results: await installedResults(ctx, c, {}) }, status);
}

async function changed(tools: PageTools, ctx: Ctx, c: Context<Env>, connectorId: string, toast: Toast) {
  if (!isPartial(c)) {
    leaveNotice(c, tools.hub, toast);
    return tools.redirect(c, paths.connector(connectorId));
  }
  c.header('HX-Trigger', JSON.stringify({ 'dialog-close': {}, 'connectors-changed': {} }));
  c.header('HX-Reswap', 'none');
  return c.html(await tools.done(ctx, toast));
}
