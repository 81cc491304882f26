import { headerPattern } from '../lib/header-text.ts';
import type { JsonSchema } from '../lib/schema/json-schema.ts';
import type { AuthMethod } from './driver.ts';

// The fields that several services share, so that they read and behave alike everywhere.

type Properties = Record<string, JsonSchema>;

/** Stamps the order, because a jsonb column forgets the order of keys. */
const ordered = (properties: Properties): Properties =>
  Object.fromEntries(
    Object.entries(properties).map(([name, field], index) => [name, { ...field, 'x-order': index + 1 }]),
  );

/** An object schema that takes these properties, in this order, and no others. */
export const object = (properties: Properties, required: string[] = [], more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  ...more,
  properties: ordered(properties),
  required,
  additionalProperties: false,
});

/** One way to authenticate: the fields of one `method`. */
export function variant(
  method: AuthMethod,
  title: string,
  properties: Properties,
  required: string[],
  more: JsonSchema = {},
): JsonSchema {
  const tag: JsonSchema = { type: 'string', const: method, title: 'Method' };
  return object({ method: tag, ...properties }, ['method', ...required], { title, ...more });
}

/** The auth schema of an entry: its variants, told apart by `method`; the first one is offered first. */
export const authBy = (...variants: JsonSchema[]): JsonSchema => ({
  type: 'object',
  title: 'Authentication',
  required: ['method'],
  discriminator: { propertyName: 'method' },
  oneOf: variants,
});

/** A field that is sealed when stored and never shown again. */
export const secret = (field: JsonSchema): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: 4096,
  ...field,
  'x-secret': true,
});

/** The same for one that goes into a header as it is. */
export const headerSecret = (field: JsonSchema): JsonSchema =>
  secret({
    pattern: headerPattern,
    'x-pattern-hint':
      'be one line without line breaks, typographic quotes and other characters that HTTP headers cannot carry',
    ...field,
  });

const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const host = '(\\[[0-9A-Fa-f:.]+\\]|[^\\s/?#@\\\\:\\[\\]<>^|%]+)';

/** A full address without credentials, query or fragment. Plain http only where services on a private network are usual. */
export function address(field: JsonSchema, options: { http?: boolean } = {}): JsonSchema {
  const [scheme, start] = options.http ? ['https?', 'https:// or http://'] : ['https', 'https://'];
  return {
    type: 'string',
    format: 'uri',
    maxLength: 2048,
    pattern: `^${scheme}://${host}(:${port})?(/[^\\s?#@\\\\]*)?$`,
    'x-pattern-hint': `be a full address that starts with ${start}, without user name, query or fragment`,
    ...field,
  };
}

const pem = (label: string, pattern = label): JsonSchema => ({
  type: 'string',
  maxLength: 65_536,
  pattern: `^\\s*-----BEGIN ${pattern}-----[A-Za-z0-9+/=\\s,:-]+-----END ${pattern}-----[\\s\\S]*$`,
  'x-multiline': true,
  'x-placeholder': `-----BEGIN ${label}-----`,
  'x-pattern-hint': `be a PEM block that starts with -----BEGIN ${label}-----`,
});

/** A PEM private key without a passphrase, sealed like every secret. */
export const privateKey = (field: JsonSchema): JsonSchema => ({
  ...pem('PRIVATE KEY', '((RSA|EC) )?PRIVATE KEY'),
  minLength: 1,
  ...field,
  'x-secret': true,
});

const certificate = (field: JsonSchema): JsonSchema => ({ ...pem('CERTIFICATE'), ...field });

/** How the hub trusts the address of a service, and proves itself to it. Verification has no off switch. */
export const tls: JsonSchema = object(
  {
    ca: certificate({
      title: 'Certificate authority',
      description: 'PEM certificates to trust instead of the public ones, for a server with a private certificate.',
    }),
    cert: certificate({
      title: 'Client certificate',
      description: 'PEM certificate that the hub presents, for a server that asks for one.',
    }),
    key: privateKey({
      title: 'Client key',
      description: 'PEM private key of the client certificate, without a passphrase.',
    }),
    server_name: {
      type: 'string',
      title: 'Server name',
      description: 'The name to expect in the certificate, when it differs from the host in the address.',
      maxLength: 253,
      pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$',
      'x-pattern-hint': 'be a host name such as api.example.com',
      'x-placeholder': 'api.internal.example.com',
    },
  },
  [],
  {
    title: 'TLS',
    description: 'Only for servers with a private certificate authority or client certificates.',
    dependentRequired: { cert: ['key'], key: ['cert'] },
    'x-group': 'Advanced',
  },
);

/** The address to register at the service. The hub computes it; it is never stored. */
const redirectUri: JsonSchema = {
  type: 'string',
  title: 'Redirect address',
  description: 'Copy this into the app’s settings at the service, exactly as it stands here.',
  readOnly: true,
  'x-readonly': true,
};

/** What the hub decides, and no service knows of. */
const personalAccounts: JsonSchema = {
  type: 'boolean',
  title: 'Members may connect their own accounts',
  description: 'Otherwise owners and admins connect accounts for the whole workspace.',
  default: false,
};

interface OAuthClient {
  title: string;
  description?: string;
  clientId: JsonSchema;
  clientSecret: JsonSchema;
  scopes: string[];
  scopesHelp: string;
  scopesUrl: string;
  /** Further fields, after the usual ones. */
  more?: Properties;
}

/** The `oauth2` variant: an app registered at the service, for which people then authorise accounts. */
export function oauth2(client: OAuthClient): JsonSchema {
  const fields = {
    redirect_uri: redirectUri,
    client_id: { type: 'string', title: 'Client ID', minLength: 1, maxLength: 255, ...client.clientId },
    client_secret: secret({ title: 'Client secret', maxLength: 512, ...client.clientSecret }),
    scopes: scopes({
      title: 'Scopes',
      description: client.scopesHelp,
      default: client.scopes,
      minItems: 1,
      'x-help-url': client.scopesUrl,
    }),
    ...client.more,
    personal_accounts: personalAccounts,
  };
  return variant('oauth2', client.title, fields, ['client_id', 'client_secret'], { description: client.description });
}

/** A list of scope names, each without spaces (RFC 6749, section 3.3). */
export const scopes = (field: JsonSchema): JsonSchema => ({
  type: 'array',
  maxItems: 50,
  uniqueItems: true,
  items: {
    type: 'string',
    minLength: 1,
    maxLength: 128,
    pattern: '^[!#-\\[\\]-~]+$',
    'x-pattern-hint': 'be a scope name without spaces or quotes',
  },
  ...field,
});

/** The same as one text, as client credentials send it. */
export const scope: JsonSchema = {
  type: 'string',
  title: 'Scope',
  description: 'Scope names with spaces between; leave blank if the service needs none.',
  maxLength: 2048,
  pattern: '^[!#-\\[\\]-~]+( [!#-\\[\\]-~]+)*$',
  'x-pattern-hint': 'be scope names with one space between',
  'x-placeholder': 'read write',
};

/** The `token` variant: a credential that the admin brings along. */
export const token = (title: string, accessToken: JsonSchema, more: Properties = {}): JsonSchema =>
  variant('token', title, { access_token: headerSecret({ title: 'Access token', ...accessToken }), ...more }, [
    'access_token',
  ]);

const nodeTls = 'https://nodejs.org/docs/latest-v24.x/api/tls.html';

/** Where the fields of the `tls` group are specified. */
export const tlsDocs: Record<string, string> = {
  'config.tls.ca': `${nodeTls}#tlscreatesecurecontextoptions`,
  'config.tls.cert': `${nodeTls}#tlscreatesecurecontextoptions`,
  'config.tls.key': `${nodeTls}#tlscreatesecurecontextoptions`,
  'config.tls.server_name': `${nodeTls}#tlsconnectoptions-callback`,
};
