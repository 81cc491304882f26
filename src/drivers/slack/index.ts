import { authorisedByPerson, defineDriver } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { filesOrigin, origin } from './client.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, revoke, whoami } from './health.ts';
import { oauth as provider } from './oauth.ts';
import { directoryTools } from './tools/directory.ts';
import { messageTools } from './tools/messages.ts';

const tools = [...directoryTools, ...messageTools];

const docs = 'https://docs.slack.dev';
const oauth = `${docs}/authentication/installing-with-oauth`;

export const driver = defineDriver({
  entry: {
    key: 'slack',
    name: 'Slack',
    description: 'Posts messages, reads channels and replies in threads as your own bot in a Slack workspace.',
    category: 'Work',
    aliases: ['chat', 'messages', 'bot', 'GovSlack'],
    authType: 'oauth',
    authMethods: ['oauth2', 'token'],
    capabilities: { tools: tools.length },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {
    'config.default_channel': `${docs}/reference/methods/chat.postMessage`,
    'config.team_id': `${docs}/enterprise`,
    'config.environment': `${docs}/govslack`,
    'auth.redirect_uri': oauth,
    'auth.client_id': oauth,
    'auth.client_secret': oauth,
    'auth.scopes': `${docs}/reference/scopes`,
    'auth.user_scopes': `${docs}/reference/scopes`,
    'auth.signing_secret': `${docs}/authentication/verifying-requests-from-slack`,
    'auth.access_token': `${docs}/authentication/tokens`,
  },
  destinations: (config) => [origin(config), filesOrigin(config)],
  summary: (config) => (typeof config.default_channel === 'string' ? `Channel ${config.default_channel}` : ''),
  needsConnection: authorisedByPerson,
  oauth: provider,
  checkHealth,
  whoami,
  revoke,
  tools,
  proxy: {
    base: (config) => `${origin(config)}/api`,
    credential: ({ access_token }) => ({ headers: { authorization: `Bearer ${access_token}` } }),
    writesByGet: true, // https://docs.slack.dev/apis/web-api/ takes every method by GET
  },
});
