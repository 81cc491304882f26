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
  token_retries: {
    type: 'integer',
    title: 'Retries',
    description: 'How often a failed token request is repeated, after 0.5 s, 1 s, 2 s and so on.',
    minimum: 0,
    maximum: 5,
    default: 3,
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
