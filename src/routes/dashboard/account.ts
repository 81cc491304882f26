import { type PageRoute, page } from '../page.ts';
import { accountPage } from '../pages/account.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

/** One's own account. */
export const accountPages = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.account, role: 'member', audit: null, example: {} }, (ctx, c) =>
    accountPage(tools, ctx, c),
  ),
];
