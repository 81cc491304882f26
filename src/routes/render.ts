import type { Context } from 'hono';
import type { Ctx, Hub } from '../context.ts';
import type { AppError } from '../errors.ts';
import { type Counters, countersOf } from '../services/counters.ts';
import type { Identity } from '../services/people/identity.ts';
import type { Env } from './env.ts';
import { asAppError, titleOf } from './errors.ts';
import { takeNotice } from './flash.ts';
import { isPartial } from './page.ts';
import { paths } from './paths.ts';
import type { Dialog } from './view-models/dialog.ts';
import type { ErrorPage, Models, PatchbayViews } from './view-models/models.ts';
import type { Toast } from './view-models/shared.ts';
import type { Shell } from './view-models/shell.ts';

/** What page routes need beside the request. */
export type PageTools = ReturnType<typeof pageTools>;

interface PageDeps {
  hub: Hub;
  identity: Identity;
  views: PatchbayViews;
}

export interface Frame {
  title: string;
  tab: Shell['tab'];
  dialog?: Dialog;
}

export function pageTools({ hub, identity, views }: PageDeps) {
  const url = (path: string) => `${hub.config.basePath}${path}`;
  const text = <K extends keyof Models>(name: K, model: Models[K]): string => views.render(name, model);
  return {
    hub,
    identity,
    url,
    text,
    /** One template as an answer: a page or a fragment, so it varies by who asks. */
    html: <K extends keyof Models>(c: Context<Env>, name: K, model: Models[K], status = 200): Response =>
      c.html(text(name, model), status as 200, { Vary: 'HX-Request, Accept-Encoding' }),
    /** What changed elsewhere on the page after an action: a toast, and the count on the tab. */
    done: async (ctx: Ctx, toast: Toast): Promise<string> =>
      text('shared/_done', { toasts: [toast], installedCount: (await countersOf(ctx)).installedCount }),
    redirect: (c: Context<Env>, path: string): Response => c.redirect(url(path), 303),
    /** @param counters if they are known already */
    async shell(c: Context<Env>, ctx: Ctx, frame: Frame, counters: Counters | null = null): Promise<Shell> {
      const { tenant, tenants = [], user } = c.get('session') ?? {};
      const notice = takeNotice(c, hub);
      const name = user?.name ?? ctx.actor.name;
      return {
        ...frame,
        dialog: frame.dialog ?? null,
        tenant: tenant ?? { id: ctx.tenantId, name: '' },
        tenants,
        user: { name, email: user?.email ?? '', initial: [...name][0]?.toUpperCase() ?? '?' },
        role: ctx.actor.role,
        operator: c.get('session')?.operator ?? false,
        ...(counters ?? (await countersOf(ctx))),
        toasts: notice ? [notice] : [],
      };
    },
  };
}

/**
 * The error as a page, or for a fragment as a toast beside the page as it is.
 * @param next where to go on, if there is a better place than for other errors like it
 */
export function errorPage(tools: PageTools, c: Context<Env>, thrown: unknown, next?: ErrorPage['next']): Response {
  const error = asAppError(c, thrown);
  if (error.retryAfter) c.header('Retry-After', String(Math.ceil(error.retryAfter)));
  if (isPartial(c)) return errorToast(tools, c, error);
  const session = c.get('session');
  if (error.code === 'suspended' && session) {
    const others = session.tenants.filter(({ suspended }) => !suspended);
    const { operator } = session;
    return tools.html(c, 'errors/suspended', { message: error.message, others, operator }, error.status);
  }
  const model = { status: error.status, title: titleOf(error), message: error.message, requestId: c.get('requestId') };
  return tools.html(c, 'errors/page', { ...model, next: next ?? nextAfter(tools, c, error) }, error.status);
}

/** What failed by itself may work the next time; nobody is led to where they may not go. */
function nextAfter(tools: PageTools, c: Context<Env>, { status }: AppError): ErrorPage['next'] {
  const { pathname, search } = new URL(c.req.url);
  const { basePath } = tools.hub.config;
  if (status >= 500 && c.req.method === 'GET')
    return { label: 'Try again', path: pathname.slice(basePath.length) + search };
  return c.get('session')
    ? { label: 'Go to the catalog', path: paths.catalog }
    : { label: 'Go to sign-in', path: paths.signin };
}

function errorToast(tools: PageTools, c: Context<Env>, error: AppError): Response {
  c.header('HX-Reswap', 'none');
  return c.html(toastOf(tools, error), error.status);
}

export const toastOf = (tools: Pick<PageTools, 'text'>, { message }: AppError): string =>
  tools.text('shared/_done', { toasts: [{ tone: 'bad', text: message }], installedCount: null });
