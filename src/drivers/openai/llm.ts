import type { LlmProvider, LlmTokens, Values } from '../driver.ts';

export const defaultBase = 'https://api.openai.com/v1';

export const defaultModels = {
  low: 'gpt-4o-mini',
  medium: 'gpt-4o-mini-2024-07-18',
  high: 'gpt-4o-2025-01-09',
  embeddings: 'text-embedding-3-small',
};

const paths = { chat: '/chat/completions', embeddings: '/embeddings', models: '/models' };

export const llm: LlmProvider = {
  url: ({ base_url = defaultBase }, operation) => String(base_url).replace(/\/+$/, '') + paths[operation],
  headers: ({ organization, project }, auth) => ({
    authorization: `Bearer ${auth.access_token ?? auth.api_key}`,
    ...(organization ? { 'openai-organization': String(organization) } : {}),
    ...(project ? { 'openai-project': String(project) } : {}),
  }),
  models: ({ models }) => ({ ...defaultModels, ...(models as Partial<typeof defaultModels> | undefined) }),
  timeoutMs: ({ timeout_s = 60 }) => Number(timeout_s) * 1000,
  tokensOf,
  priceList: 'openai',
};

const largest = 2 ** 31 - 1;
const count = (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= largest ? Number(value) : null;

/** https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage */
function tokensOf({ usage }: Values): LlmTokens | null {
  const { prompt_tokens, completion_tokens = 0, prompt_tokens_details } = (usage ?? {}) as Values;
  const [input, output] = [count(prompt_tokens), count(completion_tokens)];
  if (input === null || output === null) return null;
  const cached = count((prompt_tokens_details as Values | undefined | null)?.cached_tokens) ?? 0;
  return { in: input, cached: Math.min(cached, input), out: output };
}
