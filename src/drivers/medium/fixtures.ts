import { type Fixtures, required } from '../fixtures.ts';

const auth = { method: 'token', access_token: `2${'0fadefade'.repeat(7)}0` };

export const fixtures: Fixtures = {
  minimal: { config: {}, auth },
  maximal: [
    {
      config: {
        publication_id: 'b45573563f5a',
        publish_status: 'public',
        license: 'cc-40-by-sa',
        notify_followers: true,
      },
      auth,
    },
  ],
  invalid: [
    {
      config: { publication_id: 'my-publication' },
      auth,
      errors: { 'config.publication_id': ['Must be the publication’s ID, 10 to 32 digits and letters a to f.'] },
    },
    {
      config: { publish_status: 'published' },
      auth: { method: 'token', access_token: 'Bearer 20fadefade' },
      errors: {
        'config.publish_status': ['Choose one of: “draft”, “public”, “unlisted”.'],
        'auth.access_token': ['Must be 32 to 128 digits and letters a to f.'],
      },
    },
    {
      config: {},
      auth: { method: 'oauth2', client_id: '1', client_secret: 'not-a-real-client-secret' },
      errors: { 'auth.method': ['Choose one of: “token”.'] },
    },
    { config: {}, auth: { method: 'token' }, errors: { 'auth.access_token': [required] } },
  ],
};
