import type { Context } from 'hono';
import { AppError, type FieldErrors } from '../../errors.ts';
import {
  getApplication,
  registerApplication,
  removeApplication,
} from '../../services/authorizations/oauth-applications.ts';
import type { OperatorCtx } from '../../services/tenants/operator-trail.ts';
import type { Env } from '../env.ts';
import { leaveNotice } from '../flash.ts';
import { formFields } from '../middleware/form-fields.ts';
import { operatorPage, type PageRoute } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import { operatorShell } from './operator-shell.ts';

/** The OAuth application of an entry, registered once for all workspaces. */
export const operatorApplicationPages = (tools: PageTools): PageRoute[] => {
  const path = paths.entryApplication(':entry');
  return [
    operatorPage(tools.hub, { method: 'get', path, audit: null, example: {} }, (ctx, c) => show(tools, ctx, c)),
    operatorPage(
      tools.hub,
      {
        method: 'put',
        path,
        audit: 'entry.application_registered',
        example: {
          form: {
            client_id: '1234567890.1234567890',
            client_secret: '0123456789abcdef0123456789abcdef',
            scopes: 'chat:write',
          },
        },
      },
      (ctx, c) => register(tools, ctx, c),
    ),
    operatorPage(
      tools.hub,
      { method: 'delete', path, audit: 'entry.application_removed', example: {} },
      async (ctx, c) => {
        await removeApplication(ctx, keyOf(c));
        leaveNotice(c, tools.hub, { tone: 'ok', text: 'The application and its secret were removed.' });
        return tools.redirect(c, paths.operatorEntries);
      },
    ),
  ];
};

const keyOf = (c: Context<Env>) => c.req.param('entry') ?? '';

interface Typed {
  client_id: string;
  scopes: string;
}

async function show(tools: PageTools, ctx: OperatorCtx, c: Context<Env>, typed?: Typed, errors: FieldErrors = {}) {
  const { key, name, scopes, application } = await getApplication(ctx, keyOf(c));
  const model = {
    ...{ key, name, errors },
    redirectUri: `${ctx.hub.config.baseUrl}${paths.authorizationCallback}`,
    savedAt: application?.updatedAt ?? null,
    values: typed ?? { client_id: application?.clientId ?? '', scopes: scopes.join('\n') },
  };
  const shell = operatorShell(tools, c, `Application for ${name}`, 'entries');
  return tools.html(c, 'operator/application', { shell, ...model }, typed ? 422 : 200);
}

async function register(tools: PageTools, ctx: OperatorCtx, c: Context<Env>): Promise<Response> {
  const fields = await formFields(c);
  const read = (name: string) => fields?.get(name)?.trim() ?? '';
  const typed = { client_id: read('client_id'), scopes: read('scopes') };
  const input = { ...typed, client_secret: read('client_secret'), scopes: typed.scopes.split(/\s+/).filter(Boolean) };
  try {
    await registerApplication(ctx, keyOf(c), input);
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    return show(tools, ctx, c, typed, byControl(error.errors));
  }
  leaveNotice(c, tools.hub, { tone: 'ok', text: 'The application is available to every workspace.' });
  return tools.redirect(c, paths.operatorEntries);
}

/** A single scope's fault stands at the list of scopes. */
function byControl(errors: FieldErrors): FieldErrors {
  const sorted: FieldErrors = {};
  for (const [path, messages] of Object.entries(errors)) {
    const control = path.split('.')[0] ?? path;
    sorted[control] = [...(sorted[control] ?? []), ...messages];
  }
  return sorted;
}
