import { type PageRoute, publicPage } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

const pages = new Set<string>([paths.catalog, paths.installed, paths.activity]);
const id = /^\/[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Addresses that other programs link to, under the prefix that they know. */
export const redirectPages = (tools: PageTools): PageRoute[] => [
  publicPage({ method: 'get', path: '/features/connectors/*', role: 'public', audit: null, example: {} }, (c) => {
    const rest = c.req.path.slice(tools.url('/features/connectors').length).replace(/\/$/, '');
    if (id.test(rest)) return tools.redirect(c, paths.connector(rest.slice(1)));
    return tools.redirect(c, pages.has(rest) ? rest : paths.catalog);
  }),
];
