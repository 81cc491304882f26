import { type PageRoute, publicPage } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';

const get = { method: 'get', role: 'public', audit: null, example: {} } as const;
const pages = new Set<string>([paths.catalog, paths.installed, paths.activity]);
const id = /^\/[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Addresses that other programs link to, under the prefix that they know. */
export const redirectPages = (tools: PageTools): PageRoute[] => [
  publicPage({ ...get, path: '/features/connectors/*' }, (c) => {
    const rest = c.req.path.slice(tools.url('/features/connectors').length).replace(/\/$/, '');
    if (id.test(rest)) return tools.redirect(c, paths.connector(rest.slice(1)));
    return tools.redirect(c, pages.has(rest) ? rest : paths.catalog);
  }),
  publicPage({ ...get, path: paths.settings }, (c) => tools.redirect(c, paths.members)),
  // Forms post there: whoever opens the address again means the list.
  publicPage({ ...get, path: paths.connectors }, (c) => tools.redirect(c, paths.installed)),
];
