import { address, authBy, scope, secret, variant } from '../driver.ts';

const apiKey = variant(
  'api_key',
  'API key',
  {
    api_key: secret({
      title: 'API key',
      description: 'OpenAI platform → Settings → API keys. OpenAI shows it once.',
      maxLength: 256,
      pattern: '^sk-[A-Za-z0-9_-]{16,253}$',
      'x-pattern-hint': 'be a whole key that starts with sk-',
      'x-placeholder': 'sk-proj-…',
      'x-help-url': 'https://platform.openai.com/api-keys',
    }),
  },
  ['api_key'],
);

const clientCredentials = variant(
  'client_credentials',
  'OAuth 2.0 client credentials',
  {
    token_url: address(
      {
        title: 'Token address',
        description: 'Where the gateway in front of the models gives out access tokens.',
        'x-placeholder': 'https://login.example.com/oauth2/token',
      },
      { http: true },
    ),
    client_id: { type: 'string', title: 'Client ID', minLength: 1, maxLength: 255 },
    client_secret: secret({ title: 'Client secret', maxLength: 1024 }),
    scope,
  },
  ['token_url', 'client_id', 'client_secret'],
  { description: 'For a company gateway that speaks the OpenAI API. Set its address as the base URL.' },
);

export const authSchema = authBy(apiKey, clientCredentials);
