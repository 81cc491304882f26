import { authorisedByPerson, defineDriver, hostOf, originsOf, tlsDocs, tokenOrigin, type Values } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { release } from './client.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth } from './health.ts';
import { defaultBase, llm } from './llm.ts';
import { tools } from './tools/index.ts';

const reference = 'https://platform.openai.com/docs/api-reference';
const rfc6749 = 'https://www.rfc-editor.org/rfc/rfc6749';

const baseUrl = (config: Values) => config.base_url ?? defaultBase;

export const driver = defineDriver({
  entry: {
    key: 'openai',
    name: 'OpenAI',
    description: 'Chat and embeddings from OpenAI or a server that speaks its API, with three model tiers.',
    category: 'AI',
    aliases: ['ChatGPT', 'GPT', 'LLM', 'embeddings', 'language model'],
    authType: 'api_key',
    authMethods: ['api_key', 'client_credentials'],
    capabilities: { tools: tools.length, llm: { chat: true, embeddings: true } },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  environment: {
    by: ['API_KEY', 'OAUTH_CLIENT_ID'],
    fields: {
      AUTH_METHOD: 'auth.method',
      API_KEY: 'auth.api_key',
      OAUTH_ENDPOINT: 'auth.token_url',
      OAUTH_CLIENT_ID: 'auth.client_id',
      OAUTH_CLIENT_SECRET: 'auth.client_secret',
      OPENAI_BASE_URL: 'config.base_url',
      OPENAI_TIMEOUT: 'config.timeout_s',
      DEFAULT_TEMPERATURE: 'config.temperature',
      DEFAULT_MAX_TOKENS: 'config.max_tokens',
    },
    words: { AUTH_METHOD: { oauth: 'client_credentials', oauth2: 'client_credentials' } },
  },
  fieldDocs: {
    'config.models.low': 'https://platform.openai.com/docs/models',
    'config.models.medium': 'https://platform.openai.com/docs/models',
    'config.models.high': 'https://platform.openai.com/docs/models',
    'config.models.embeddings': 'https://platform.openai.com/docs/guides/embeddings',
    'config.temperature': `${reference}/chat/create`,
    'config.max_tokens': `${reference}/chat/create`,
    'config.timeout_s': 'https://github.com/openai/openai-node#timeouts',
    'config.organization': `${reference}/authentication`,
    'config.project': `${reference}/authentication`,
    'config.base_url': `${reference}/introduction`,
    ...tlsDocs,
    'auth.api_key': `${reference}/authentication`,
    'auth.token_url': `${rfc6749}#section-3.2`,
    'auth.client_id': `${rfc6749}#section-2.3.1`,
    'auth.client_secret': `${rfc6749}#section-2.3.1`,
    'auth.scope': `${rfc6749}#section-3.3`,
  },
  destinations: (config, auth) =>
    auth.method === 'client_credentials'
      ? [...tokenOrigin(auth.token_url), ...originsOf(baseUrl(config))]
      : originsOf(baseUrl(config)),
  summary: (config) => hostOf(baseUrl(config)),
  needsConnection: authorisedByPerson,
  checkHealth,
  llm,
  tools,
  release,
});
