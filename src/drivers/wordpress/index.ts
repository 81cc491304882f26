import { authorisedByPerson, defineDriver, hostOf, originsOf, tlsDocs } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, whoami } from './health.ts';
import { oauth } from './oauth.ts';
import { capability, publisher } from './publish.ts';
import { tools } from './tools.ts';

const rest = 'https://developer.wordpress.org/rest-api';
const wordpressCom = 'https://developer.wordpress.com/docs/api/oauth2/';

export const driver = defineDriver({
  entry: {
    key: 'wordpress',
    name: 'WordPress',
    description:
      'Drafts, schedules and publishes posts with media and categories on a WordPress site, your own or on WordPress.com.',
    category: 'Publishing',
    aliases: ['wp', 'WordPress.com', 'Jetpack', 'blog', 'cms'],
    authType: 'basic',
    authMethods: ['basic', 'oauth2', 'token'],
    capabilities: {
      publish: capability,
      tools: tools.length,
    },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {
    'config.site_url': `${rest}/extending-the-rest-api/routes-and-endpoints/`,
    'config.permalinks': `${rest}/key-concepts/`,
    'config.post_status': `${rest}/reference/posts/`,
    'config.categories': `${rest}/reference/categories/`,
    'config.comment_status': `${rest}/reference/posts/`,
    ...tlsDocs,
    'auth.username': `${rest}/using-the-rest-api/authentication/`,
    'auth.password': `${rest}/reference/application-passwords/`,
    'auth.redirect_uri': wordpressCom,
    'auth.client_id': wordpressCom,
    'auth.client_secret': wordpressCom,
    'auth.scopes': wordpressCom,
    'auth.access_token': wordpressCom,
    'auth.issued_by': `${rest}/using-the-rest-api/authentication/`,
  },
  destinations: (config, auth) =>
    auth.method === 'oauth2' || auth.issued_by === 'wordpress_com'
      ? ['https://public-api.wordpress.com']
      : originsOf(config.site_url),
  summary: (config) => hostOf(config.site_url),
  needsConnection: authorisedByPerson,
  oauth,
  checkHealth,
  whoami,
  publisher,
  tools,
});
