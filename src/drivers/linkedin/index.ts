import { authorisedByPerson, defineDriver } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, whoami } from './health.ts';
import { oauth } from './oauth.ts';
import { capability, publisher } from './publish.ts';
import { tools } from './tools.ts';

const posts = 'https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api';
const authorizationCode = 'https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow';

export const driver = defineDriver({
  entry: {
    key: 'linkedin',
    name: 'LinkedIn',
    description: 'Shares updates on LinkedIn as a member or, with LinkedIn’s approval, as a company page.',
    category: 'Social',
    aliases: ['linked in', 'company page', 'social network'],
    authType: 'oauth',
    authMethods: ['oauth2', 'token'],
    capabilities: {
      publish: capability,
      tools: tools.length,
    },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {
    'config.api_version': 'https://learn.microsoft.com/linkedin/marketing/versioning',
    'config.organization_id':
      'https://learn.microsoft.com/linkedin/marketing/community-management/organizations/organization-lookup-api',
    'config.visibility': posts,
    'config.disable_reshare': posts,
    'auth.redirect_uri': authorizationCode,
    'auth.client_id': authorizationCode,
    'auth.client_secret': authorizationCode,
    'auth.scopes': 'https://learn.microsoft.com/linkedin/shared/authentication/getting-access',
    'auth.access_token': 'https://learn.microsoft.com/linkedin/shared/authentication/developer-portal-tools',
  },
  // www takes the client secret for a token, and uploads with the token; api takes the token
  destinations: () => ['https://www.linkedin.com', 'https://api.linkedin.com'],
  summary: (config) => (config.organization_id ? `Page ${config.organization_id}` : 'Member profile'),
  needsConnection: authorisedByPerson,
  oauth,
  checkHealth,
  whoami,
  publisher,
  tools,
});
