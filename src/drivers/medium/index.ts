import { authorisedByPerson, defineDriver } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, whoami } from './health.ts';
import { capability, publisher } from './publish.ts';
import { tools } from './tools.ts';

const api = 'https://github.com/Medium/medium-api-docs';

export const driver = defineDriver({
  entry: {
    key: 'medium',
    name: 'Medium',
    description:
      'Publishes stories on Medium. Legacy integration tokens only: Medium has given out no new ones since 1 January 2025.',
    category: 'Publishing',
    aliases: ['medium.com', 'blog', 'stories'],
    authType: 'api_key',
    authMethods: ['token'],
    capabilities: {
      publish: capability,
      tools: tools.length,
    },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {
    'config.publication_id': `${api}#32-publications`,
    'config.publish_status': `${api}#33-posts`,
    'config.license': `${api}#33-posts`,
    'config.notify_followers': `${api}#33-posts`,
    'auth.access_token': `${api}#22-self-issued-access-tokens`,
  },
  destinations: () => ['https://api.medium.com'],
  summary: (config) => (config.publication_id ? `Publication ${config.publication_id}` : 'Own profile'),
  needsConnection: authorisedByPerson,
  checkHealth,
  whoami,
  publisher,
  tools,
});
