import { notFound } from '../../errors.ts';
import { type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** Switching the workspace concerns the session alone: nothing of either workspace changes. */
export const workspaceForms = (tools: PageTools): PageRoute[] => [
  page({ method: 'post', path: paths.workspace, role: 'member', audit: null, example: {} }, async (_ctx, c) => {
    const { tenant_id } = await c.req.parseBody();
    const session = c.get('session');
    if (!session || typeof tenant_id !== 'string') throw notFound('workspace');
    await tools.identity.switchTenant(session, tenant_id);
    return tools.redirect(c, paths.catalog);
  }),
];
