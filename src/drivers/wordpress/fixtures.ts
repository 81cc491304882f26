import { type Fixtures, fakeTls, required } from '../fixtures.ts';

const site = { site_url: 'https://blog.example.com' };
const basic = { method: 'basic', username: 'editor', password: 'fake fake fake fake fake fake' };
const address = 'Must be a full address that starts with https:// or http://, without user name, query or fragment.';

const full = {
  site_url: 'https://blog.example.com/news',
  permalinks: 'plain',
  post_status: 'pending',
  categories: [3, 12],
  comment_status: 'closed',
  tls: fakeTls,
};

export const fixtures: Fixtures = {
  minimal: { config: site, auth: basic },
  maximal: [
    { config: full, auth: basic },
    {
      config: full,
      auth: {
        method: 'oauth2',
        client_id: '12345',
        client_secret: 'not-a-real-client-secret',
        scopes: ['posts', 'media'],
        personal_accounts: true,
      },
    },
    {
      config: full,
      auth: { method: 'token', access_token: 'not-a-real-bearer-token', issued_by: 'wordpress_com' },
    },
  ],
  invalid: [
    {
      config: {},
      auth: { method: 'basic', username: 'editor', password: 'my-usual-password' },
      errors: {
        'config.site_url': [required],
        'auth.password': ['Must be 24 letters and digits, usually in six groups of four.'],
      },
    },
    {
      config: { site_url: 'blog.example.com', categories: ['News'] },
      auth: basic,
      errors: { 'config.site_url': [address], 'config.categories.0': ['Enter a whole number.'] },
    },
    {
      config: { site_url: 'https://editor:secret@blog.example.com' },
      auth: { method: 'oauth2', client_id: 'my-app' },
      errors: {
        'config.site_url': [address],
        'auth.client_id': ['Must be the app’s number, digits only.'],
        'auth.client_secret': [required],
      },
    },
    {
      config: { ...site, tls: { cert: fakeTls.cert, verify: false } },
      auth: basic,
      errors: {
        'config.tls.key': ['This field is required when “cert” is set.'],
        'config.tls.verify': ['Unknown field “verify”.'],
      },
    },
  ],
};
