import { type Fixtures, fakeTls, required } from '../fixtures.ts';

const token = { method: 'token', access_token: 'ghp_ThisIsNotARealTokenOnlyAnExample0000' };
const address = 'Must be a full address that starts with https://, without user name, query or fragment.';

const enterprise = {
  owner: 'northwind',
  base_url: 'https://github.example.com',
  api_url: 'https://github.example.com/api/v3',
  api_version: '2022-11-28',
  tls: fakeTls,
};

export const fixtures: Fixtures = {
  minimal: { config: {}, auth: token },
  maximal: [
    {
      config: enterprise,
      auth: {
        method: 'oauth2',
        client_id: 'Ov23liNotARealClient',
        client_secret: '0123456789abcdef0123456789abcdef01234567',
        scopes: ['repo', 'read:user'],
        personal_accounts: true,
      },
    },
    { config: enterprise, auth: { method: 'token', access_token: 'github_pat_NotARealTokenOnlyAnExample' } },
  ],
  invalid: [
    {
      config: { owner: 'north wind' },
      auth: { method: 'token', access_token: 'ghp_tooshort' },
      errors: {
        'config.owner': ['Must be a GitHub login: letters, digits and inner hyphens.'],
        'auth.access_token': ['Must be a whole GitHub token that starts with github_pat_, ghp_ or gho_.'],
      },
    },
    {
      config: { base_url: 'http://github.example.com', api_url: 'https://github.example.com/api/v3?x=1' },
      auth: token,
      errors: { 'config.base_url': [address], 'config.api_url': [address] },
    },
    {
      config: { api_version: 'latest' },
      auth: { method: 'oauth2', client_id: 'Ov23liNotARealClient', client_secret: 'secret' },
      errors: {
        'config.api_version': ['Must be a date such as 2022-11-28.'],
        'auth.client_secret': ['Must be 40 digits and letters a to f.'],
      },
    },
    {
      config: { tls: { ca: 'see attachment' } },
      auth: { method: 'token' },
      errors: {
        'config.tls.ca': ['Must be a PEM block that starts with -----BEGIN CERTIFICATE-----.'],
        'auth.access_token': [required],
      },
    },
  ],
};
