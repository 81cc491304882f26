import { type ToolkitSeed, type ToolSeed, toolSeedsOf } from './composio-catalog.ts';

/** A toolkit with as many tools as one likes. */
export const warehouse: ToolkitSeed = {
  slug: 'warehouse',
  name: 'Warehouse',
  description: 'Has a tool for every shelf.',
  category: 'storage',
  schemes: ['API_KEY'],
  managed: false,
  nouns: [],
};

export function warehouseTools(many: number): ToolSeed[] {
  const [list] = toolSeedsOf({ ...warehouse, nouns: ['shelf'] });
  if (!list) return [];
  return Array.from({ length: many }, (_, index) => ({ ...list, slug: `WAREHOUSE_LIST_SHELF_${index + 1}` }));
}

const nested = (depth: number): Record<string, unknown> =>
  depth ? { type: 'object', properties: { inner: nested(depth - 1) } } : { type: 'string' };
const properties = (many: number) =>
  Object.fromEntries(Array.from({ length: many }, (_, index) => [`field_${index}`, { type: 'string' }]));

/** Schemas that nothing of ours may compile as they are. */
const schemas: Record<string, unknown> = {
  WIDE: { type: 'object', properties: properties(2000) },
  LARGE: { type: 'object', properties: { text: { type: 'string', description: 'x'.repeat(100_000) } } },
  DEEP: nested(500),
  REMOTE: { type: 'object', properties: { other: { $ref: 'https://schemas.example.com/other.json' } } },
  CIRCLE: { type: 'object', properties: { self: { $ref: '#/properties/self' } } },
  PATTERN: { type: 'object', properties: { name: { type: 'string', pattern: `(${'a+'.repeat(200)})+` } } },
  DATA: { type: 'object', properties: { a: { type: 'number', maximum: { $data: '1/b' } }, b: { type: 'number' } } },
  TEXT: 'an object, as ever',
  LIST: { type: 'array', items: { type: 'string' } },
};

export const oddities: ToolkitSeed = { ...warehouse, slug: 'oddities', name: 'Oddities', nouns: ['thing'] };

export function odditiesTools(): ToolSeed[] {
  const [plain] = toolSeedsOf(oddities);
  if (!plain) return [];
  return Object.entries(schemas).map(([name, input]) => ({
    ...plain,
    slug: `ODDITIES_${name}`,
    input: input as Record<string, unknown>,
  }));
}

const changed: Record<string, (value: unknown) => unknown> = {
  description: () => ({ text: 'It is an object now.' }),
  categories: () => null,
  tools_count: () => 'many',
  version: () => undefined,
  tags: () => 'readOnlyHint',
  auth_schemes: () => ({ OAUTH2: {} }),
  auth_config_details: (value) => [...(Array.isArray(value) ? value : []), { mode: 7 }, 'nothing', null],
  is_composio_managed: () => 'yes',
  status: (value) => (value === 'ENABLED' ? value : 'PAUSED'),
  logo: () => 'javascript:alert(1)',
  word_id: () => undefined,
  items: (value) => (Array.isArray(value) ? [...value, null, 'text', {}, { slug: '../../etc' }] : value),
  next_cursor: () => 12,
  error: (value) => value ?? undefined,
};

/** An answer as a version of the API might give it that nobody has seen yet. */
export function drifted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(drifted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, child]) => {
    const inside = drifted(child);
    return [name, changed[name] ? changed[name](inside) : inside];
  });
  return { ...Object.fromEntries(entries), brand_new: { of: ['course'] } };
}
