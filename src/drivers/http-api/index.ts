import { authorisedByPerson, defineDriver, hostOf, originsOf, tlsDocs, tokenOrigin } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth } from './health.ts';
import { runOperation } from './operation.ts';
import { proxy } from './proxy.ts';
import { requestTool } from './request.ts';

const tools = [requestTool];

const rfc6749 = 'https://www.rfc-editor.org/rfc/rfc6749';
const rfc7523 = 'https://www.rfc-editor.org/rfc/rfc7523';
const rfc9110 = 'https://www.rfc-editor.org/rfc/rfc9110';
const rfc7617 = 'https://www.rfc-editor.org/rfc/rfc7617';

export const driver = defineDriver({
  entry: {
    key: 'http-api',
    name: 'HTTP API',
    description:
      'Any REST service, behind OAuth 2.0 client credentials, an API key, a password or nothing at all. Its OpenAPI document gives it tools.',
    category: 'Developer',
    aliases: ['REST API', 'REST', 'webhook', 'JSON', 'custom', 'client credentials'],
    authType: 'oauth',
    authMethods: ['client_credentials', 'api_key', 'basic', 'none'],
    capabilities: { tools: tools.length },
    configSchema,
    authSchema,
    schemaVersion: 2,
  },
  fieldDocs: {
    'config.base_url': 'https://www.rfc-editor.org/rfc/rfc3986#section-5.1',
    'config.timeout_s': 'https://developer.mozilla.org/en-US/docs/Web/API/AbortSignal/timeout_static',
    'config.headers': `${rfc9110}#section-5`,
    'config.query.name': `${rfc9110}#section-4.2`,
    'config.query.value': `${rfc9110}#section-4.2`,
    ...tlsDocs,
    'auth.token_url': `${rfc6749}#section-3.2`,
    'auth.client_id': `${rfc6749}#section-2.3.1`,
    'auth.client_authentication': 'https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication',
    'auth.client_secret': `${rfc6749}#section-2.3.1`,
    'auth.private_key': `${rfc7523}#section-2.2`,
    'auth.key_id': 'https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4',
    'auth.signing_algorithm': 'https://www.rfc-editor.org/rfc/rfc7518#section-3.1',
    'auth.scope': `${rfc6749}#section-3.3`,
    'auth.audience': 'https://www.rfc-editor.org/rfc/rfc8693#section-2.1',
    'auth.grant_type': `${rfc6749}#section-4.4.2`,
    'auth.token_retries': `${rfc9110}#section-9.2.2`,
    'auth.token_retry_base_s': `${rfc9110}#section-9.2.2`,
    'auth.token_retry_cap_s': `${rfc9110}#section-9.2.2`,
    'auth.token_deadline_s': `${rfc9110}#section-9.2.2`,
    'auth.api_key': `${rfc9110}#section-11`,
    'auth.placement': 'https://spec.openapis.org/oas/v3.1.0#security-scheme-object',
    'auth.name': 'https://spec.openapis.org/oas/v3.1.0#security-scheme-object',
    'auth.prefix': `${rfc9110}#section-11.6.2`,
    'auth.username': `${rfc7617}#section-2`,
    'auth.password': `${rfc7617}#section-2`,
  },
  destinations: (config, auth) =>
    auth.method === 'client_credentials'
      ? [...tokenOrigin(auth.token_url), ...originsOf(config.base_url)]
      : originsOf(config.base_url),
  summary: (config) => hostOf(config.base_url),
  generic: true,
  checkHealth,
  tools,
  runOperation,
  proxy,
  needsConnection: authorisedByPerson,
});
