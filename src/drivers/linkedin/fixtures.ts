import { type Fixtures, required } from '../fixtures.ts';

const client = { method: 'oauth2', client_id: '77a1b2c3d4e5f6', client_secret: 'not-a-real-client-secret' };

export const fixtures: Fixtures = {
  minimal: { config: {}, auth: client },
  maximal: [
    {
      config: { api_version: '202609', organization_id: '5515715', visibility: 'PUBLIC', disable_reshare: true },
      auth: {
        ...client,
        scopes: ['openid', 'profile', 'w_member_social', 'w_organization_social'],
        personal_accounts: true,
      },
    },
    {
      config: { api_version: '202512', organization_id: '1', visibility: 'CONNECTIONS', disable_reshare: false },
      auth: { method: 'token', access_token: 'not-a-real-linkedin-access-token' },
    },
  ],
  invalid: [
    {
      config: { api_version: '202613' },
      auth: client,
      errors: { 'config.api_version': ['Must be a year and a month as six digits, such as 202609.'] },
    },
    {
      config: { organization_id: 'urn:li:organization:5515715', visibility: 'FRIENDS' },
      auth: { method: 'oauth2', client_id: 'my app' },
      errors: {
        'config.organization_id': ['Must be the page’s number, digits only.'],
        'config.visibility': ['Choose one of: “PUBLIC”, “LOGGED_IN”, “CONNECTIONS”.'],
        'auth.client_id': ['Must be 12 to 20 lower-case letters and digits.'],
        'auth.client_secret': [required],
      },
    },
    {
      config: { api_version: 202609 },
      auth: { method: 'token' },
      errors: { 'config.api_version': ['Enter text.'], 'auth.access_token': [required] },
    },
  ],
};
