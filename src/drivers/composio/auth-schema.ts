import { authBy, secret, variant } from '../driver.ts';

export const authSchema = authBy(
  variant(
    'api_key',
    'API key',
    {
      api_key: secret({
        title: 'API key',
        description: 'Composio dashboard → Settings → Project Settings → API Keys.',
        maxLength: 128,
        pattern: '^ak_[A-Za-z0-9_-]{10,125}$',
        'x-pattern-hint': 'be a whole project key that starts with ak_',
        'x-placeholder': 'ak_…',
        'x-help-url': 'https://platform.composio.dev',
      }),
      webhook_secret: secret({
        title: 'Webhook secret',
        description:
          'Only if Composio sends its events to this hub: proves that they are its own. Composio dashboard → Project Settings → Webhooks.',
        minLength: 16,
        maxLength: 256,
        'x-help-url': 'https://docs.composio.dev/docs/webhook-verification',
      }),
    },
    ['api_key'],
  ),
);
