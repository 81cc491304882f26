/** What an API key may be allowed to do, with how people are told. Each operation of the API names the one that it needs. */
export const scopes = {
  'catalog:read': 'Read the catalog',
  'connectors:read': 'Read connectors',
  'connectors:write': 'Install, change and delete connectors',
  'connections:read': 'Read connections and their health',
  'connections:write': 'Connect accounts, check, rotate and disconnect them',
  'tools:read': 'Read the tools that can be called',
  'tools:execute': 'Call tools',
  'proxy:execute': 'Send requests of their own as a connected account',
  'llm:use': 'Use language models through /v1',
  'executions:read': 'Read what was called',
  'usage:read': 'Read what language models used and cost',
  'approvals:read': 'Read what waits for approval',
  'approvals:write': 'Approve and refuse what keys of others ask for',
  'publish:read': 'Read publish targets and posts',
  'publish:write': 'Publish, cancel and try again',
  'budgets:read': 'Read budgets and prices',
  'prices:write': 'Set prices of language models',
  'webhooks:read': 'Read webhooks and what they were told',
  'webhooks:write': 'Create, change, test and delete webhooks',
  'audit:read': 'Read the activity',
} as const;

export type Scope = keyof typeof scopes;

export const isScope = (text: unknown): text is Scope => typeof text === 'string' && Object.hasOwn(scopes, text);
