import type { Context } from 'hono';
import { type Ctx, mayActAs } from '../../context.ts';
import { type AuthMethod, authMethods, categories } from '../../drivers/driver.ts';
import { type CatalogItem, listCatalog } from '../../services/connectors/catalog.ts';
import type { Env } from '../env.ts';
import { orFailure } from '../failure.ts';
import { nextPage } from '../next-page.ts';
import { isPartial, type PageRoute, page } from '../page.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { CatalogCard, CatalogFilters, CatalogResults } from '../view-models/connector.ts';
import { toolkitResults } from './toolkit-model.ts';

export const catalogPages = (tools: PageTools): PageRoute[] => [
  page({ method: 'get', path: paths.home, role: 'member', audit: null, example: {} }, (_ctx, c) =>
    tools.redirect(c, paths.catalog),
  ),
  page(
    {
      method: 'get',
      path: paths.catalog,
      role: 'member',
      audit: null,
      example: { query: { q: 'gihtub', auth: 'oauth2' } },
    },
    async (ctx, c) => {
      const results = await catalogResults(ctx, c);
      if (isPartial(c)) return tools.html(c, 'catalog/_results', { results });
      return tools.html(c, 'catalog/index', {
        shell: await tools.shell(c, ctx, { title: 'Catalog', tab: 'catalog' }),
        results,
      });
    },
  ),
];

const sorts = ['name', 'category', 'popular'] as const;

/** What the address asks for; a filter that it does not know is none. */
function filtersOf(c: Context<Env>): CatalogFilters {
  const { q = '', category = '', auth = '', sort = '' } = c.req.query();
  return {
    q: q.slice(0, 200),
    category: categories.find((known) => known === category) ?? '',
    auth: authMethods.find((known) => known === auth) ?? '',
    sort: sorts.find((known) => known === sort) ?? '',
  };
}

/** The catalog as the address filters it; also the page behind a dialog. */
export async function catalogResults(ctx: Ctx, c: Context<Env>): Promise<CatalogResults> {
  const filters = filtersOf(c);
  const query = {
    q: filters.q || undefined,
    category: filters.category || undefined,
    authMethod: filters.auth || undefined,
    sort: filters.sort || undefined,
  };
  const toolkits = await toolkitResults(ctx, c);
  const { value, failure } = await orFailure(listCatalog(ctx, { ...query, cursor: c.req.query('cursor') }));
  const locked = mayActAs(ctx.actor, 'admin') ? '' : 'Only owners and admins can add connectors. Ask one of them.';
  return {
    filters,
    cards: toolkits?.first === false ? [] : (value?.data.map((item) => cardOf(ctx, item, locked)) ?? []),
    total: value?.total ?? 0,
    categories: value?.categories ?? [],
    generic: genericEntry(ctx, value?.keys ?? []),
    next: value?.nextCursor ? nextPage(c, paths.catalog, value.nextCursor) : null,
    failure,
    toolkits: value?.nextCursor && toolkits?.first ? null : toolkits,
  };
}

const cardOf = (ctx: Ctx, item: CatalogItem, locked: string): CatalogCard => ({
  key: item.key,
  name: item.name,
  icon: item.icon,
  category: item.category,
  description: item.description,
  authMethods: item.authMethods as AuthMethod[],
  installedCount: item.installedCount,
  ofOperator: ctx.hub.drivers.get(item.key)?.file !== undefined,
  locked,
});

function genericEntry(ctx: Ctx, installable: string[]) {
  const driver = [...ctx.hub.drivers.values()].find(({ generic, entry }) => generic && installable.includes(entry.key));
  return driver ? { key: driver.entry.key, name: driver.entry.name } : null;
}
