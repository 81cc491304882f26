import type { Ctx } from '../../context.ts';
import { type CatalogRow, selectEntryStandings } from '../../db/queries/connector-catalog.ts';
import { authMethods, authTypes, categories, typeOfMethod } from '../../drivers/driver.ts';
import { type FieldErrors, invalid, notFound } from '../../errors.ts';
import { pageOf } from '../../lib/pagination.ts';
import { rank } from '../../lib/search.ts';
import { offeringClient } from '../authorizations/oauth-applications.ts';
import { catalogContents } from './catalog-contents.ts';

/** A catalog entry with how many connectors of it the tenant has, and whether operators let it install more. */
export type CatalogItem = CatalogRow & { installedCount: number; enabled: boolean };

export interface CatalogQuery {
  /** Free text; forgives typos. Its matches come best first unless `sort` is given. */
  q?: string;
  category?: string;
  /** The type of any of the methods that the entry offers, not only of the primary one. */
  authType?: string;
  /** One of the methods that the entry offers. */
  authMethod?: string;
  /** `popular`: most installed first. The default is `name`. */
  sort?: string;
  /** 1 to 200; 50 when left out. */
  limit?: number;
  cursor?: string;
}

export interface CatalogList {
  data: CatalogItem[];
  nextCursor: string | null;
  /** How many entries match, on all pages. */
  total: number;
  /** Keys of everything that the tenant may install, whatever the filters. */
  keys: string[];
  /** How many match in each category when no category is chosen; categories without a match count 0. */
  categories: { name: string; count: number }[];
}

/**
 * What the tenant can install. Every member may read it.
 * @throws AppError invalid_input that names each filter with a bad value
 */
export async function listCatalog(ctx: Ctx, query: CatalogQuery = {}): Promise<CatalogList> {
  checkQuery(query);
  const items = (await readItems(ctx)).filter(({ enabled, retiredAt }) => enabled && !retiredAt);
  const inAnyCategory = order(rank(items, query.q ?? ''), query).filter((item) => offers(item, query));
  const matching = inAnyCategory.filter((item) => !query.category || item.category === query.category);
  return {
    ...pageOf(matching, { limit: query.limit ?? 50, cursor: query.cursor }, (item) => item.key),
    total: matching.length,
    keys: items.map(({ key }) => key),
    categories: countCategories(items, inAnyCategory),
  };
}

/**
 * One entry by its key. One that is retired or switched off only exists for tenants that have installed it.
 * @throws AppError not_found
 */
export async function getCatalogEntry(ctx: Ctx, key: string): Promise<CatalogItem> {
  const item = (await readItems(ctx)).find((each) => each.key === key);
  if (!item || ((item.retiredAt || !item.enabled) && !item.installedCount)) throw notFound('catalog entry');
  return item;
}

const sorts = ['name', 'category', 'popular'] as const;
type Sort = (typeof sorts)[number];

function checkQuery(query: CatalogQuery) {
  const errors: FieldErrors = {};
  const oneOf = (field: string, value: string | undefined, known: readonly string[]) => {
    if (value !== undefined && !known.includes(value)) errors[field] = [`Choose one of: ${known.join(', ')}.`];
  };
  oneOf('category', query.category, categories);
  oneOf('auth_type', query.authType, authTypes);
  oneOf('auth_method', query.authMethod, authMethods);
  oneOf('sort', query.sort, sorts);
  if (query.q && query.q.length > 200) errors.q = [`Use at most 200 characters; this has ${query.q.length}.`];
  const { limit } = query;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 200))
    errors.limit = ['Enter a whole number from 1 to 200.'];
  if (Object.keys(errors).length) throw invalid(errors);
}

/** Every entry, also what is retired. */
function readItems(ctx: Ctx): Promise<CatalogItem[]> {
  const { db } = ctx.hub;
  return db.asTenant(
    ctx.tenantId,
    async (tx) => {
      const standings = await selectEntryStandings(tx, ctx.tenantId);
      const contents = await catalogContents(db, tx, standings);
      return standings.flatMap(({ id, installedCount, enabled, hasApplication }) => {
        const row = contents.get(id)?.row;
        if (!row) return []; // gone since it was listed
        return { ...(hasApplication ? offeringClient(row) : row), installedCount, enabled };
      });
    },
    { readOnly: true },
  );
}

const { compare } = new Intl.Collator('en');

const byName = (a: CatalogItem, b: CatalogItem) => compare(a.name, b.name) || compare(a.key, b.key);

const comparisons: Record<Sort, (a: CatalogItem, b: CatalogItem) => number> = {
  name: byName,
  category: (a, b) => compare(a.category, b.category) || byName(a, b),
  popular: (a, b) => b.installedCount - a.installedCount || byName(a, b),
};

/** A search without a chosen order keeps the order of its matches. */
function order(items: CatalogItem[], { q, sort }: CatalogQuery): CatalogItem[] {
  return q?.trim() && !sort ? items : items.toSorted(comparisons[(sort as Sort | undefined) ?? 'name']);
}

const offers = (item: CatalogItem, { authType, authMethod }: CatalogQuery) =>
  (!authType || item.authMethods.some((method) => typeOfMethod[method] === authType)) &&
  (!authMethod || item.authMethods.some((method) => method === authMethod));

function countCategories(all: CatalogItem[], matching: CatalogItem[]) {
  const names = [...new Set(all.map((item) => item.category))].sort(compare);
  return names.map((name) => ({ name, count: matching.filter((item) => item.category === name).length }));
}
