import type { CatalogEntry } from '../../src/drivers/driver.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';

/** What every OAuth connector has: it concerns the hub alone, and no service's page tells of it. */
const own = 'auth.personal_accounts';

/** The dotted paths of all fields of the service that a person can fill in, of every variant; list items count as their list. */
export const fieldPaths = (entry: CatalogEntry): string[] => {
  const all = [...leaves(entry.configSchema, 'config'), ...leaves(entry.authSchema, 'auth')];
  return [...new Set(all)].filter((path) => path !== own);
};

function leaves(schema: JsonSchema, path: string): string[] {
  const inner = schema.type === 'array' ? schema.items : schema;
  const properties = Object.entries(inner?.properties ?? {}).filter(([, field]) => field.const === undefined);
  const variants = (inner?.oneOf ?? []).flatMap((variant) => leaves(variant, path));
  if (!inner?.properties && !variants.length) return [path];
  return [...properties.flatMap(([key, field]) => leaves(field, `${path}.${key}`)), ...variants];
}

/** The paths at which something is set, and those of the groups on the way. */
export function valuePaths(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item) => valuePaths(item, path))];
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => valuePaths(child, path ? `${path}.${key}` : key))];
}
