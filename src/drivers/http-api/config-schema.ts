import { headerPattern } from '../../lib/header-text.ts';
import { address, object, tls } from '../driver.ts';

const name = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"; // a token as RFC 9110 has it

const headers = {
  type: 'object',
  title: 'Headers',
  description: 'Sent with every request.',
  additionalProperties: {
    type: 'string',
    maxLength: 4096,
    pattern: headerPattern,
    'x-pattern-hint': 'be one line of plain text',
  },
  propertyNames: { pattern: name, maxLength: 100 },
  maxProperties: 50,
  'x-placeholder': '{"Accept-Language": "en"}',
  'x-warning': 'Headers are shown to everyone who may see this connector. Enter keys under Authentication instead.',
  'x-group': 'Every request',
};

const query = {
  type: 'array',
  title: 'Query parameters',
  description: 'Added to every request.',
  items: object(
    {
      name: { type: 'string', title: 'Name', minLength: 1, maxLength: 200 },
      value: { type: 'string', title: 'Value', maxLength: 4096 },
    },
    ['name', 'value'],
    { title: 'Parameter' },
  ),
  maxItems: 50,
  'x-placeholder': '[{"name": "format", "value": "json"}]',
  'x-group': 'Every request',
};

export const configSchema = object(
  {
    base_url: address(
      {
        title: 'Base URL',
        description:
          'The address that paths are added to. With http:// everything, the credential too, travels in the clear.',
        'x-placeholder': 'https://api.example.com/v1',
      },
      { http: true },
    ),
    timeout_s: {
      type: 'integer',
      title: 'Timeout',
      description: 'Seconds until a request is given up.',
      minimum: 1,
      maximum: 300,
      default: 30,
    },
    headers,
    query,
    tls,
  },
  ['base_url'],
);
