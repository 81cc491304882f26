import { type Fixtures, required } from '../fixtures.ts';

const hex32 = '00112233445566778899aabbccddeeff';
const bot = { method: 'token', access_token: 'xoxb-not-a-real-bot-token' };

export const fixtures: Fixtures = {
  minimal: { config: {}, auth: bot },
  maximal: [
    {
      config: { default_channel: 'C024BE91L', team_id: 'T024BE7LD', environment: 'gov' },
      auth: {
        method: 'oauth2',
        client_id: '1234567890.1234567890123',
        client_secret: hex32,
        scopes: ['chat:write', 'channels:read'],
        user_scopes: ['search:read'],
        personal_accounts: true,
        signing_secret: hex32,
      },
    },
    {
      config: { default_channel: 'G024BE91L', team_id: 'T024BE7LD', environment: 'commercial' },
      auth: { method: 'token', access_token: 'xoxp-not-a-real-user-token', signing_secret: hex32 },
    },
  ],
  invalid: [
    {
      config: { default_channel: '#general' },
      auth: { method: 'token', access_token: 'xapp-not-a-bot-token' },
      errors: {
        'config.default_channel': ['Must be a channel ID such as C024BE91L, not the channel’s name.'],
        'auth.access_token': ['Must be a whole token that starts with xoxb- (bot) or xoxp- (user).'],
      },
    },
    {
      config: { environment: 'europe' },
      auth: { ...bot, signing_secret: 'NOT-HEX' },
      errors: {
        'config.environment': ['Choose one of: “commercial”, “gov”.'],
        'auth.signing_secret': ['Must be 32 digits and letters a to f.'],
      },
    },
    {
      config: { team_id: 'northwind' },
      auth: { method: 'oauth2', client_id: '1234567890', client_secret: hex32.slice(1) },
      errors: {
        'config.team_id': ['Must be a workspace ID that starts with T, such as T024BE7LD.'],
        'auth.client_id': ['Must be two numbers with a dot between, such as 1234567890.1234567890123.'],
        'auth.client_secret': ['Must be 32 digits and letters a to f.'],
      },
    },
    {
      config: {},
      auth: { method: 'oauth2' },
      errors: { 'auth.client_id': [required], 'auth.client_secret': [required] },
    },
  ],
};
