import { address, privateKey, scope, secret, variant } from '../driver.ts';

const server = {
  token_url: address(
    {
      title: 'Token address',
      description: 'The token endpoint in the service’s OAuth documentation.',
      'x-placeholder': 'https://login.example.com/oauth2/token',
    },
    { http: true },
  ),
  client_id: { type: 'string', title: 'Client ID', minLength: 1, maxLength: 255 },
};

const proof = {
  client_authentication: {
    type: 'string',
    title: 'Client authentication',
    description: 'How the hub proves to the token endpoint who it is.',
    enum: ['basic', 'post', 'private_key_jwt'],
    'x-enum-titles': ['Secret in the Authorization header', 'Secret in the body', 'Signed assertion (private key)'],
    default: 'basic',
  },
  client_secret: secret({
    title: 'Client secret',
    description: 'Required for the first two ways.',
    maxLength: 1024,
    'x-visible-when': { field: 'client_authentication', equals: ['basic', 'post'] },
  }),
  private_key: privateKey({
    title: 'Private key',
    description:
      'Required for a signed assertion: PEM, PKCS #8, without a passphrase. The service holds the public half.',
    'x-visible-when': { field: 'client_authentication', equals: 'private_key_jwt' },
  }),
  key_id: {
    type: 'string',
    title: 'Key ID',
    description: 'The kid that the service gave to the public key; blank if it gave none.',
    maxLength: 255,
    'x-visible-when': { field: 'client_authentication', equals: 'private_key_jwt' },
  },
  signing_algorithm: {
    type: 'string',
    title: 'Signing algorithm',
    enum: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    default: 'RS256',
    'x-visible-when': { field: 'client_authentication', equals: 'private_key_jwt' },
  },
};

const request = {
  scope,
  audience: {
    type: 'string',
    title: 'Audience',
    description: 'Some services, such as Auth0, ask for it. Usually an address.',
    maxLength: 2048,
    'x-placeholder': 'https://api.example.com/',
  },
  grant_type: {
    type: 'string',
    title: 'Grant type',
    description: 'What the token request says it is. Few services want another name.',
    maxLength: 200,
    pattern: '^[\\x21-\\x7e]+$',
    'x-pattern-hint': 'be one word without spaces',
    default: 'client_credentials',
    'x-group': 'Advanced',
  },
  token_retries: {
    type: 'integer',
    title: 'Retries',
    description: 'How often a failed token request is repeated.',
    minimum: 0,
    maximum: 5,
    default: 3,
    'x-group': 'Advanced',
  },
  token_retry_base_s: {
    type: 'number',
    title: 'First wait',
    description: 'Seconds before the first repetition; each further wait is twice as long.',
    minimum: 0.1,
    maximum: 10,
    default: 0.5,
    'x-group': 'Advanced',
  },
  token_retry_cap_s: {
    type: 'number',
    title: 'Longest wait',
    description: 'Seconds; no wait between two tries is longer.',
    minimum: 0.1,
    maximum: 20,
    default: 8,
    'x-group': 'Advanced',
  },
  token_deadline_s: {
    type: 'integer',
    title: 'Deadline',
    description: 'Seconds until a token request is given up, with all its repetitions.',
    minimum: 1,
    maximum: 30,
    default: 20,
    'x-group': 'Advanced',
  },
};

/** OAuth 2.0 client credentials (RFC 6749, section 4.4; assertions: RFC 7523). */
export const clientCredentials = variant(
  'client_credentials',
  'OAuth 2.0 client credentials',
  { ...server, ...proof, ...request },
  ['token_url', 'client_id'],
  {
    if: { properties: { client_authentication: { const: 'private_key_jwt' } }, required: ['client_authentication'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['private_key'] },
    else: { required: ['client_secret'] },
  },
);
