import { authBy, headerSecret, secret, variant } from '../driver.ts';
import { clientCredentials } from './client-credentials.ts';

const apiKey = variant(
  'api_key',
  'API key',
  {
    api_key: headerSecret({ title: 'API key' }),
    placement: {
      type: 'string',
      title: 'Sent as',
      enum: ['header', 'query'],
      'x-enum-titles': ['Header', 'Query parameter'],
      default: 'header',
      'x-warning': 'Keys in query parameters end up in the logs of servers and proxies on the way.',
    },
    name: {
      type: 'string',
      title: 'Name',
      description: 'Of the header or the query parameter.',
      minLength: 1,
      maxLength: 100,
      pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
      'x-pattern-hint': 'be a name without spaces, such as X-API-Key',
      default: 'Authorization',
      examples: ['Authorization', 'X-API-Key', 'api_key'],
    },
    prefix: {
      type: 'string',
      title: 'Prefix',
      description: 'Put before the key, with one space between; blank for none.',
      maxLength: 50,
      pattern: '^[\\x21-\\x7e]*$',
      'x-pattern-hint': 'be one word without spaces',
      'x-placeholder': 'Bearer',
      examples: ['Bearer', 'Token'],
    },
  },
  ['api_key'],
);

const basic = variant(
  'basic',
  'User and password',
  {
    username: {
      type: 'string',
      title: 'User name',
      minLength: 1,
      maxLength: 255,
      pattern: '^[^:\\u0000-\\u001f]+$',
      'x-pattern-hint': 'have no colon and no control characters',
    },
    password: secret({ title: 'Password', maxLength: 1024 }),
  },
  ['username', 'password'],
);

const none = variant('none', 'No authentication', {}, [], { description: 'For services that are open to everyone.' });

export const authSchema = authBy(clientCredentials, apiKey, basic, none);
