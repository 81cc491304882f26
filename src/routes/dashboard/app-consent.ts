import type { Context, Hono } from 'hono';
import type { Ctx } from '../../context.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { scopes } from '../../services/api-keys/scopes.ts';
import { listInstalled } from '../../services/connectors/installed.ts';
import { type AppRequest, RefusedRequest, readAppRequest } from '../../services/mcp-access/app-request.ts';
import { type AppChoices, accesses, allowApp, durations, refuseApp } from '../../services/mcp-access/consent.ts';
import { hostOf, isOnThisDevice, policyOf } from '../../services/mcp-access/redirect-addresses.ts';
import type { Session } from '../../services/people/sessions.ts';
import { suspended } from '../../services/tenants/suspension.ts';
import type { Env } from '../env.ts';
import { formData } from '../middleware/form-fields.ts';
import { ctxOf } from '../middleware/session.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** Where an app sends people to be let in: signed in, they see who asks and decide what it may do. */
export function mountAppConsent(app: Hono<Env>, tools: PageTools) {
  app.get(paths.appConsent, (c) => {
    const sent = new URL(c.req.url).searchParams;
    const workspace = sent.get('workspace') ?? '';
    sent.delete('workspace');
    return orRefused(tools, c, async () => {
      const request = await readAppRequest(tools.hub, sent);
      return ask(tools, c, request, { sent, workspace, chosen: unchosen });
    });
  });
  app.post(paths.appConsent, async (c) => {
    const form = await formData(c);
    const text = (name: string) => String(form.get(name) ?? '');
    const sent = new URLSearchParams(text('request'));
    return orRefused(tools, c, async () => {
      const request = await readAppRequest(tools.hub, sent);
      const workspace = text('workspace');
      const ctx = inWorkspace(c, mustChoose(c, workspace));
      if (text('decision') !== 'allow') return c.redirect(await refuseApp(ctx, request), 303);
      const connectors = text('reach') === 'all' ? null : form.getAll('connectors').map(String);
      const chosen = { connectors, access: text('access') || 'read', duration: text('duration') };
      try {
        return c.redirect(await allowApp(ctx, request, chosen), 303);
      } catch (error) {
        if (!(error instanceof AppError) || !error.errors) throw error;
        return ask(tools, c, request, { sent, workspace, chosen, errors: error.errors });
      }
    });
  });
}

interface Asked {
  sent: URLSearchParams;
  workspace: string;
  chosen: AppChoices;
  errors?: FieldErrors;
}

const unchosen: AppChoices = { connectors: null, access: 'read', duration: '90' };

async function ask(tools: PageTools, c: Context<Env>, request: AppRequest, asked: Asked): Promise<Response> {
  const { sent, workspace, chosen, errors = {} } = asked;
  const tenants = openTo(c);
  const tenant = tenants.find(({ id }) => id === workspace) ?? ownOf(c, tenants);
  const { data: installed } = await listInstalled(inWorkspace(c, tenant), { limit: 100 });
  const { user } = sessionOf(c);
  c.set('formAction', policyOf(request.redirectUri));
  const consent = {
    app: request.client.name,
    host: hostOf(request.redirectUri),
    onDevice: isOnThisDevice(request.redirectUri),
    person: { name: user.name, email: user.email },
    workspace: { id: tenant.id, name: tenant.name },
    workspaces: tenants.map(({ id, name }) => ({ value: id, label: name, chosen: id === tenant.id })),
    fields: [...sent],
    request: sent.toString(),
    scopes: request.scopes.map((scope) => scopes[scope]),
    calls: request.scopes.includes('tools:execute'),
    access: accesses.map((value) => ({ value, label: callable[value], chosen: value === chosen.access })),
    reach: chosen.connectors ? 'chosen' : 'all',
    connectors: installed.map(({ id, name }) => ({
      value: id,
      label: name,
      chosen: !!chosen.connectors?.includes(id),
    })),
    durations: durations.map((value) => ({ value, label: inWords[value], chosen: value === chosen.duration })),
    errors,
  };
  return tools.html(c, 'mcp/consent', { consent }, Object.keys(errors).length ? 422 : 200);
}

const callable: Record<(typeof accesses)[number], string> = {
  read: 'Only tools that read: nothing is changed at any service',
  approved: 'All tools, but an admin has to approve each call that changes something',
  all: 'All tools, also those that change something',
};

const inWords: Record<(typeof durations)[number], string> = {
  '30': 'For 30 days',
  '90': 'For 90 days',
  '365': 'For a year',
  never: 'Until somebody disconnects it',
};

async function orRefused(tools: PageTools, c: Context<Env>, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    return tools.html(c, 'mcp/refused', { message: error.message, back: error.back, host: hostOf(error.back) }, 400);
  }
}

type Tenant = Session['tenants'][number];

function sessionOf(c: Context<Env>): Session {
  const session = c.get('session');
  if (!session) throw new Error('This route is not behind a session middleware.');
  return session;
}

/** The workspaces of the person that an app could be let into. */
const openTo = (c: Context<Env>): Tenant[] => sessionOf(c).tenants.filter(({ suspended }) => !suspended);

function ownOf(c: Context<Env>, tenants: Tenant[]): Tenant {
  const { tenant } = sessionOf(c);
  const own = tenants.find(({ id }) => id === tenant?.id) ?? tenants[0];
  if (own) return own;
  throw suspended(tenant?.name ?? '', tenant?.suspended?.reason ?? '');
}

/** What was not offered is none of theirs. @throws AppError not_found */
function mustChoose(c: Context<Env>, workspace: string): Tenant {
  const tenant = openTo(c).find(({ id }) => id === workspace);
  if (!tenant)
    throw new AppError(
      'not_found',
      'You are not a member of this workspace, or it is suspended. Go back and choose another.',
    );
  return tenant;
}

/** The person in the workspace that they chose, whichever their other pages are in. */
function inWorkspace(c: Context<Env>, { id, role }: Tenant): Ctx {
  const ctx = ctxOf(c);
  return { ...ctx, tenantId: id, actor: { ...ctx.actor, role } };
}
