import { type Ctx, mayActAs } from '../../context.ts';
import { rank, type Searchable } from '../../lib/search.ts';
import { listCatalog } from '../../services/connectors/catalog.ts';
import { listInstalled } from '../../services/connectors/installed.ts';
import { isPartial, type PageRoute, page } from '../page.ts';
import { settingsNav } from '../pages/settings.ts';
import { paths } from '../paths.ts';
import type { PageTools } from '../render.ts';
import type { Palette, Place } from '../view-models/palette.ts';

/** Wherever one may go, by a few letters of its name; over any page with Ctrl-K. */
export const palettePages = (tools: PageTools): PageRoute[] => [
  page(
    { method: 'get', path: paths.palette, role: 'member', audit: null, example: { query: { q: 'slakc' } } },
    async (ctx, c) => {
      const q = c.req.query('q');
      const palette = await paletteFor(ctx, (q ?? '').slice(0, 100));
      if (isPartial(c)) return tools.html(c, q === undefined ? 'palette/_dialog' : 'palette/_places', { palette });
      return tools.html(c, 'palette/index', {
        shell: await tools.shell(c, ctx, { title: 'Go to', tab: null }),
        palette,
      });
    },
  ),
];

/** As many as are taken in at a glance. */
const shown = 6;

async function paletteFor(ctx: Ctx, q: string): Promise<Palette> {
  const [connectors, services] = await Promise.all([connectorPlaces(ctx, q), q ? servicePlaces(ctx, q) : []]);
  const groups = [
    { label: 'Connectors', places: connectors },
    { label: 'Pages', places: rank(pagesFor(ctx), q) },
    { label: 'Add a service', places: services },
  ];
  return { q, groups: groups.filter(({ places }) => places.length) };
}

async function connectorPlaces(ctx: Ctx, q: string): Promise<Place[]> {
  return (await connectorsLike(ctx, q)).slice(0, shown).map(({ id, name, catalog }) => ({
    label: name,
    detail: name === catalog.name ? '' : catalog.name,
    path: paths.connector(id),
    brand: catalog.icon,
  }));
}

/** Typing errors are forgiven where the connectors are few enough to look at all of them. */
async function connectorsLike(ctx: Ctx, q: string) {
  const first = await listInstalled(ctx, { limit: 100 });
  if (q && first.nextCursor) return (await listInstalled(ctx, { q, limit: shown })).data;
  const searchable = first.data.map((row) => ({
    row,
    key: row.handle,
    name: row.name,
    aliases: [row.catalog.name],
    category: '',
    description: '',
  }));
  return rank(searchable, q).map(({ row }) => row);
}

async function servicePlaces(ctx: Ctx, q: string): Promise<Place[]> {
  if (!mayActAs(ctx.actor, 'admin')) return [];
  const { data } = await listCatalog(ctx, { q, limit: shown });
  return data.map(({ key, name, icon, category }) => ({
    label: name,
    detail: category,
    path: paths.newConnector(key),
    brand: icon,
  }));
}

/** What a page is found by beside its name. */
const aliases: Record<string, string[]> = {
  [paths.catalog]: ['add', 'services'],
  [paths.installed]: ['connectors'],
  [paths.activity]: ['audit', 'log', 'history'],
  [paths.usage]: ['cost', 'tokens', 'spend'],
  [paths.members]: ['invite', 'people', 'roles'],
  [paths.apiKeys]: ['token', 'program'],
  [paths.mcp]: ['mcp', 'claude', 'cursor'],
  [paths.modelSettings]: ['llm', 'openai', 'tiers'],
  [paths.budgets]: ['limit', 'cost'],
  [paths.account]: ['password', 'second factor', 'sessions', 'profile'],
  [paths.docs]: ['openapi', 'rest', 'documentation'],
};

function pagesFor(ctx: Ctx): (Place & Searchable)[] {
  const main = [
    { label: 'Catalog', path: paths.catalog },
    { label: 'Installed', path: paths.installed },
    { label: 'Publish', path: paths.publish },
    { label: 'Activity', path: paths.activity },
    { label: 'Tool runs', path: paths.executions },
    { label: 'Usage', path: paths.usage },
    { label: 'My connections', path: paths.myConnections },
  ].map((place) => ({ ...place, detail: '' }));
  const settings = settingsNav(ctx, '').map(({ label, path }) => ({ label, path, detail: 'Settings' }));
  return [...main, ...settings, { label: 'API reference', path: paths.docs, detail: '' }].map((place) => ({
    ...place,
    brand: '',
    key: place.path,
    name: place.label,
    category: place.detail,
    description: '',
    aliases: aliases[place.path] ?? [],
  }));
}
