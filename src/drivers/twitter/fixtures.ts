import { type Fixtures, required } from '../fixtures.ts';

const client = { method: 'oauth2', client_id: 'NotARealClientId_example-1', client_secret: 'not-a-real-client-secret' };

export const fixtures: Fixtures = {
  minimal: { config: {}, auth: client },
  maximal: [
    {
      config: { username: '@northwind', long_posts: true, reply_settings: 'mentionedUsers' },
      auth: {
        ...client,
        scopes: ['tweet.read', 'tweet.write', 'users.read', 'offline.access'],
        personal_accounts: true,
      },
    },
    {
      config: { username: 'northwind', long_posts: false, reply_settings: 'everyone' },
      auth: { method: 'token', access_token: 'not-a-real-user-access-token' },
    },
  ],
  invalid: [
    {
      config: { username: 'north wind!' },
      auth: { method: 'oauth2', client_secret: 'not-a-real-client-secret' },
      errors: {
        'config.username': ['Must be an account name of up to 15 letters, digits and underscores, such as @northwind.'],
        'auth.client_id': [required],
      },
    },
    {
      config: { reply_settings: 'nobody', long_posts: 'yes' },
      auth: { ...client, scopes: ['tweet.read tweet.write'] },
      errors: {
        'config.reply_settings': [
          'Choose one of: “everyone”, “following”, “mentionedUsers”, “subscribers”, “verified”.',
        ],
        'config.long_posts': ['Enter true or false.'],
        'auth.scopes.0': ['Must be a scope name without spaces or quotes.'],
      },
    },
    {
      config: {},
      auth: { method: 'token', access_token: 'too-short' },
      errors: { 'auth.access_token': ['Use at least 20 characters.'] },
    },
    { config: {}, auth: { ...client, scopes: [] }, errors: { 'auth.scopes': ['Add at least one entry.'] } },
  ],
};
