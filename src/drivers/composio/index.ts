import { authorisedByPerson, defineDriver, hostOf, originsOf, tlsDocs } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { createBroker } from './broker.ts';
import { baseUrl } from './client.ts';
import { configSchema } from './config-schema.ts';

const broker = createBroker(() => import('@composio/core')); // late: only who uses it pays for it

export const driver = defineDriver({
  entry: {
    key: 'composio',
    name: 'Composio',
    description:
      'Hundreds of hosted toolkits through one key. Composio, not the hub, holds the tokens of those services.',
    category: 'Work',
    aliases: ['toolkits', 'integrations', 'broker', 'agents'],
    authType: 'api_key',
    authMethods: ['api_key'],
    capabilities: { tools: 0 },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {
    'config.base_url': 'https://docs.composio.dev/reference',
    'config.timeout_s': 'https://docs.composio.dev/reference',
    ...tlsDocs,
    'auth.api_key': 'https://docs.composio.dev/reference/authenticating-to-composio',
    'auth.webhook_secret': 'https://docs.composio.dev/docs/webhook-verification',
  },
  destinations: (config) => originsOf(baseUrl(config)),
  summary: (config) => hostOf(baseUrl(config)),
  needsConnection: authorisedByPerson,
  checkHealth: broker.checkHealth,
  broker,
  release: async (connectorId) => broker.release(connectorId),
});
