import type { BrokerCategory, BrokerPage, ToolkitDetails, ToolkitSummary, Values } from '../driver.ts';
import { schemeOf } from './fields.ts';
import { count, cursorIn, httpsAddress, items, line, lowerSlug, prose, record, slug } from './read.ts';

const schemes = (value: unknown): string[] => [
  ...new Set(
    (Array.isArray(value) ? value.slice(0, 20) : []).map((each) => lowerSlug(each)).filter((each) => each !== null),
  ),
];

/** A list names categories by `id`, the details by `slug`. */
function category(item: Values): BrokerCategory | null {
  const key = lowerSlug(item.slug) ?? lowerSlug(item.id);
  return key === null ? null : { slug: key, name: line(item.name, 100) || key };
}

export const categories = (answer: unknown): BrokerCategory[] => items(record(answer).items, category, 500);

function toolkit(item: Values): ToolkitSummary | null {
  const key = lowerSlug(item.slug);
  if (!key) return null;
  const meta = record(item.meta);
  const offered = schemes(item.auth_schemes);
  const noAuth = item.no_auth === true || (offered.length === 1 && offered[0] === 'no_auth');
  return {
    slug: key,
    name: line(item.name) || key,
    description: prose(meta.description, 1000),
    logo: httpsAddress(meta.logo),
    categories: items(meta.categories, category, 10),
    toolsCount: count(meta.tools_count),
    schemes: offered,
    managedSchemes: schemes(item.composio_managed_auth_schemes),
    noAuth,
    version: slug(meta.version),
    deprecated: item.is_deprecated === true || item.enabled === false,
  };
}

export const toolkits = (answer: unknown): BrokerPage<ToolkitSummary> => ({
  items: items(record(answer).items, toolkit),
  nextCursor: cursorIn(answer),
});

/** The details know each scheme with its fields, and say by them what the list says by names. */
export function toolkitDetails(answer: unknown): ToolkitDetails | null {
  const item = record(answer);
  const managed = [
    ...items(item.composio_managed_auth, ({ mode }) => lowerSlug(mode), 20),
    ...schemes(item.composio_managed_auth_schemes),
  ];
  const authSchemes = items(item.auth_config_details, (detail) => schemeOf(detail, managed), 20);
  const summary = toolkit({
    ...item,
    auth_schemes: authSchemes.map(({ scheme }) => scheme),
    composio_managed_auth_schemes: managed,
  });
  return summary && { ...summary, authSchemes, appUrl: httpsAddress(record(item.meta).app_url) };
}
