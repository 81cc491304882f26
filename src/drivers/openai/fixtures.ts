import { type Fixtures, fakeTls, required } from '../fixtures.ts';

const key = { method: 'api_key', api_key: 'sk-proj-not-a-real-key-only-an-example' };
const address = 'Must be a full address that starts with https:// or http://, without user name, query or fragment.';

const full = {
  models: {
    low: 'gpt-4o-mini',
    medium: 'gpt-4o-mini-2024-07-18',
    high: 'gpt-4o-2025-01-09',
    embeddings: 'text-embedding-3-small',
  },
  temperature: 0.7,
  max_tokens: 2000,
  timeout_s: 60,
  organization: 'org-NotARealOrganisation',
  project: 'proj_NotARealProject',
  base_url: 'https://llm.example.com/v1',
  tls: fakeTls,
};

export const fixtures: Fixtures = {
  minimal: { config: {}, auth: key },
  maximal: [
    { config: full, auth: key },
    {
      config: full,
      auth: {
        method: 'client_credentials',
        token_url: 'https://login.example.com/oauth2/token',
        client_id: 'patchbay',
        client_secret: 'not-a-real-client-secret',
        scope: 'llm.chat llm.embed',
      },
    },
  ],
  invalid: [
    {
      config: { temperature: 3, max_tokens: 0.5 },
      auth: { method: 'api_key', api_key: 'pk-not-a-secret-key' },
      errors: {
        'config.temperature': ['Enter a number from 0 to 2.'],
        'config.max_tokens': ['Enter a whole number.'],
        'auth.api_key': ['Must be a whole key that starts with sk-.'],
      },
    },
    {
      config: { base_url: 'api.openai.com/v1', timeout_s: 0 },
      auth: key,
      errors: { 'config.base_url': [address], 'config.timeout_s': ['Enter a number from 1 to 600.'] },
    },
    {
      config: { organization: 'Northwind', project: 'Northwind', models: { low: 'gpt 4o', huge: 'gpt-9' } },
      auth: key,
      errors: {
        'config.organization': ['Must start with org-, followed by letters and digits.'],
        'config.project': ['Must start with proj_, followed by letters and digits.'],
        'config.models.low': ['Must be a model’s name without spaces.'],
        'config.models.huge': ['Unknown field “huge”.'],
      },
    },
    {
      config: {},
      auth: { method: 'client_credentials', token_url: 'login.example.com', client_id: 'patchbay' },
      errors: { 'auth.token_url': [address], 'auth.client_secret': [required] },
    },
  ],
};
