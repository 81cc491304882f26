/** What an API key may be allowed to do, with how people are told. Each operation of the API names the one that it needs. */
export const scopes = {
  'catalog:read': 'Read the catalog',
  'connectors:read': 'Read connectors',
  'connectors:write': 'Install, change and delete connectors',
  'publish:read': 'Read publish targets',
  'audit:read': 'Read the activity',
} as const;

export type Scope = keyof typeof scopes;

export const isScope = (text: unknown): text is Scope => typeof text === 'string' && Object.hasOwn(scopes, text);
