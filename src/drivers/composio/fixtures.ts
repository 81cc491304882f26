import { type Fixtures, fakeTls, required } from '../fixtures.ts';

const auth = { method: 'api_key', api_key: 'ak_not-a-real-key' };

export const fixtures: Fixtures = {
  minimal: { config: {}, auth },
  maximal: [
    {
      config: { base_url: 'https://composio.example.com', timeout_s: 60, tls: fakeTls },
      auth: { ...auth, webhook_secret: 'not-a-real-webhook-secret' },
    },
  ],
  invalid: [
    {
      config: {},
      auth: { method: 'api_key', api_key: 'comp_not-a-real-key' },
      errors: { 'auth.api_key': ['Must be a whole project key that starts with ak_.'] },
    },
    {
      config: { base_url: 'http://composio.example.com', timeout_s: 601 },
      auth,
      errors: {
        'config.base_url': ['Must be a full address that starts with https://, without user name, query or fragment.'],
        'config.timeout_s': ['Enter a number from 1 to 600.'],
      },
    },
    {
      config: { toolkits: ['github'] },
      auth: { method: 'api_key' },
      errors: { 'config.toolkits': ['Unknown field “toolkits”.'], 'auth.api_key': [required] },
    },
  ],
};
