import { authorisedByPerson, defineDriver } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, whoami } from './health.ts';
import { oauth } from './oauth.ts';
import { capability, publisher } from './publish.ts';
import { tools } from './tools.ts';

const createPost = 'https://docs.x.com/x-api/posts/create-post';
const authorizationCode = 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code';

export const driver = defineDriver({
  entry: {
    key: 'twitter',
    name: 'X',
    description: 'Posts with images and video on X, formerly Twitter, from the accounts that people authorise.',
    category: 'Social',
    aliases: ['Twitter', 'tweet', 'tweets', 'x.com'],
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
    'config.username': 'https://docs.x.com/x-api/users/get-my-user',
    'config.long_posts': createPost,
    'config.reply_settings': createPost,
    'auth.redirect_uri': 'https://docs.x.com/fundamentals/developer-apps',
    'auth.client_id': authorizationCode,
    'auth.client_secret': authorizationCode,
    'auth.scopes': authorizationCode,
    'auth.access_token': 'https://docs.x.com/fundamentals/authentication/overview',
  },
  destinations: () => ['https://api.x.com'],
  summary: (config) => (typeof config.username === 'string' ? `@${config.username.replace(/^@/, '')}` : ''),
  needsConnection: authorisedByPerson,
  oauth,
  checkHealth,
  whoami,
  publisher,
  tools,
  // https://docs.x.com/x-api/fundamentals/rate-limits
  rateLimit: {
    limit: 'x-rate-limit-limit',
    remaining: 'x-rate-limit-remaining',
    reset: 'x-rate-limit-reset',
    resetIs: 'epoch',
  },
});
