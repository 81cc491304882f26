import { authorisedByPerson, defineDriver, hostOf, originsOf, tlsDocs, type Values } from '../driver.ts';
import { authSchema } from './auth-schema.ts';
import { configSchema } from './config-schema.ts';
import { checkHealth, whoami } from './health.ts';
import { oauth } from './oauth.ts';
import { listRepositories } from './repositories.ts';
import { revoke } from './revoke.ts';
import { issueTools } from './tools/issues.ts';
import { repositoryTools } from './tools/repositories.ts';

const tools = [...repositoryTools, ...issueTools];

const docs = 'https://docs.github.com/en';
const oauthApps = `${docs}/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps`;
const enterprise = `${docs}/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api`;

const apiUrl = (config: Values) => config.api_url ?? 'https://api.github.com';
const webUrl = (config: Values) => config.base_url ?? 'https://github.com';

export const driver = defineDriver({
  entry: {
    key: 'github',
    name: 'GitHub',
    description: 'Works with repositories, issues, pull requests and workflow runs on GitHub.com or GitHub Enterprise.',
    category: 'Developer',
    aliases: ['gh', 'git', 'GitHub Enterprise', 'ghe', 'repositories', 'pull requests'],
    authType: 'oauth',
    authMethods: ['oauth2', 'token'],
    capabilities: { tools: tools.length },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {
    'config.owner': `${docs}/rest/orgs/orgs`,
    'config.base_url': enterprise,
    'config.api_url': enterprise,
    'config.api_version': `${docs}/rest/about-the-rest-api/api-versions`,
    ...tlsDocs,
    'auth.redirect_uri': oauthApps,
    'auth.client_id': oauthApps,
    'auth.client_secret': oauthApps,
    'auth.scopes': `${docs}/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps`,
    'auth.access_token': `${docs}/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens`,
  },
  destinations: (config, auth) =>
    auth.method === 'oauth2' ? originsOf(webUrl(config), apiUrl(config)) : originsOf(apiUrl(config)),
  summary: (config) => [hostOf(webUrl(config)), config.owner].filter(Boolean).join('/'),
  needsConnection: authorisedByPerson,
  oauth,
  checkHealth,
  whoami,
  tools,
  proxy: {
    base: (config) => String(apiUrl(config)),
    credential: ({ access_token }) => ({ headers: { authorization: `Bearer ${access_token}` } }),
    defaults: (config) => ({ headers: { 'x-github-api-version': String(config.api_version ?? '2022-11-28') } }),
  },
  // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
  rateLimit: {
    limit: 'x-ratelimit-limit',
    remaining: 'x-ratelimit-remaining',
    reset: 'x-ratelimit-reset',
    resetIs: 'epoch',
  },
  revoke,
  revokesOneToken: true,
  listRepositories,
});
