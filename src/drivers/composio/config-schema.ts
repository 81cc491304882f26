import { address, object, tls } from '../driver.ts';

export const configSchema = object({
  base_url: address({
    title: 'Base URL',
    description: 'Change it only for a Composio installation of your own.',
    default: 'https://backend.composio.dev',
    'x-placeholder': 'https://backend.composio.dev',
    'x-group': 'Advanced',
  }),
  timeout_s: {
    type: 'integer',
    title: 'Timeout',
    description: 'Seconds until a call is given up.',
    minimum: 1,
    maximum: 600,
    default: 60,
    'x-group': 'Advanced',
  },
  tls,
});
