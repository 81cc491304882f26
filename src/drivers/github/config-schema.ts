import { address, object, tls } from '../driver.ts';

const enterprise =
  'https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api';

export const configSchema = object({
  owner: {
    type: 'string',
    title: 'Owner',
    description: 'The organisation or user to work in when a call does not name one.',
    maxLength: 39,
    pattern: '^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$',
    'x-pattern-hint': 'be a GitHub login: letters, digits and inner hyphens',
    'x-placeholder': 'northwind',
  },
  base_url: address({
    title: 'GitHub address',
    description: 'Change it for GitHub Enterprise only. People sign in here.',
    default: 'https://github.com',
    'x-placeholder': 'https://github.example.com',
    'x-group': 'GitHub Enterprise',
  }),
  api_url: address({
    title: 'API address',
    description:
      'GitHub Enterprise Server: https://HOST/api/v3. Enterprise Cloud with data residency: https://api.SUBDOMAIN.ghe.com.',
    default: 'https://api.github.com',
    'x-placeholder': 'https://github.example.com/api/v3',
    'x-help-url': enterprise,
    'x-group': 'GitHub Enterprise',
  }),
  api_version: {
    type: 'string',
    title: 'API version',
    description: 'Sent as X-GitHub-Api-Version.',
    maxLength: 64,
    pattern: '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$',
    'x-pattern-hint': 'be a date such as 2022-11-28',
    default: '2022-11-28',
    'x-help-url': 'https://docs.github.com/en/rest/about-the-rest-api/api-versions',
    'x-group': 'Advanced',
  },
  tls,
});
