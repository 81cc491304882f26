import { type Fixtures, fakePrivateKey, fakeTls, required } from '../fixtures.ts';

const api = { base_url: 'https://api.example.com/v1' };
const address = 'Must be a full address that starts with https:// or http://, without user name, query or fragment.';

const client = {
  method: 'client_credentials',
  token_url: 'https://login.example.com/oauth2/token',
  client_id: 'patchbay',
};

const full = {
  ...api,
  timeout_s: 30,
  headers: { 'Accept-Language': 'en', 'X-Tenant': 'northwind' },
  query: [{ name: 'format', value: 'json' }],
  tls: fakeTls,
};

export const fixtures: Fixtures = {
  minimal: { config: api, auth: { method: 'none' } },
  maximal: [
    {
      config: full,
      auth: {
        ...client,
        client_authentication: 'post',
        client_secret: 'not-a-real-client-secret',
        scope: 'read write',
        audience: 'https://api.example.com/',
        grant_type: 'client_credentials',
        token_retries: 3,
        token_retry_base_s: 0.5,
        token_retry_cap_s: 8,
        token_deadline_s: 20,
      },
    },
    {
      config: full,
      auth: {
        ...client,
        client_authentication: 'private_key_jwt',
        private_key: fakePrivateKey,
        key_id: 'key-2026-11',
        signing_algorithm: 'ES256',
      },
    },
    {
      config: full,
      auth: {
        method: 'api_key',
        api_key: 'not-a-real-api-key',
        placement: 'header',
        name: 'Authorization',
        prefix: 'Bearer',
      },
    },
    { config: full, auth: { method: 'basic', username: 'patchbay', password: 'not-a-real-password' } },
  ],
  invalid: [
    {
      config: { base_url: 'ftp://files.example.com', timeout_s: 301 },
      auth: client,
      errors: {
        'config.base_url': [address],
        'config.timeout_s': ['Enter a number from 1 to 300.'],
        'auth.client_secret': [required],
      },
    },
    {
      config: api,
      auth: { ...client, client_authentication: 'private_key_jwt', client_secret: 'not-a-real-client-secret' },
      errors: { 'auth.private_key': [required] },
    },
    {
      config: { ...api, headers: { 'Bad Name': 'x', 'X-Lines': 'a\r\nb' }, query: [{ name: 'format' }] },
      auth: { method: 'none' },
      errors: {
        'config.headers': ['“Bad Name” cannot be used as a name here.'],
        'config.headers.X-Lines': ['Must be one line of plain text.'],
        'config.query.0.value': [required],
      },
    },
    {
      config: api,
      auth: { method: 'api_key', api_key: 'not-a-real-api-key', name: 'My Key', placement: 'cookie' },
      errors: {
        'auth.name': ['Must be a name without spaces, such as X-API-Key.'],
        'auth.placement': ['Choose one of: “header”, “query”.'],
      },
    },
    {
      config: api,
      auth: { method: 'basic', username: 'pa:tchbay' },
      errors: { 'auth.username': ['Must have no colon and no control characters.'], 'auth.password': [required] },
    },
  ],
};
