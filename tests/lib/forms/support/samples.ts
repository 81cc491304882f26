import type { JsonSchema } from '../../../../src/lib/schema/json-schema.ts';

// Three schemas that together use every kind of control and every keyword.

/** Controls of every kind, side by side and in groups. */
export const controls: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['site_url', 'region', 'labels'],
  properties: {
    site_url: {
      type: 'string',
      title: 'Site address',
      description: 'Where the site lives.',
      format: 'uri',
      pattern: '^https://',
      'x-pattern-hint': 'start with https://',
      'x-placeholder': 'https://blog.example.com',
      'x-help-url': 'https://example.com/help',
      'x-order': 1,
    },
    region: {
      type: 'string',
      title: 'Region',
      enum: ['eu', 'us'],
      'x-enum-titles': ['Europe', 'America'],
      'x-order': 2,
    },
    retries: { type: 'integer', title: 'Retries', minimum: 0, maximum: 10, default: 3, 'x-order': 3 },
    ratio: { type: 'number', title: 'Ratio', 'x-order': 4 },
    contact: { type: 'string', title: 'Contact', format: 'email', 'x-order': 5 },
    since: { type: 'string', title: 'Since', format: 'date', 'x-order': 6 },
    until: { type: 'string', title: 'Until', format: 'date-time', 'x-order': 7 },
    footer: {
      type: 'string',
      title: 'Footer',
      'x-multiline': true,
      maxLength: 40,
      'x-warning': 'Visible to everyone.',
      'x-order': 8,
    },
    labels: { type: 'array', title: 'Labels', items: { type: 'string', maxLength: 10 }, 'x-order': 9 },
    ports: {
      type: 'array',
      title: 'Ports',
      items: { type: 'integer', maximum: 65535 },
      uniqueItems: true,
      'x-order': 10,
    },
    events: {
      type: 'array',
      title: 'Events',
      items: { type: 'string', enum: ['push', 'issue'], 'x-enum-titles': ['Pushes', 'Issues'] },
      'x-order': 11,
    },
    rules: {
      type: 'array',
      title: 'Rules',
      items: {
        type: 'object',
        title: 'Rule',
        additionalProperties: false,
        required: ['path'],
        properties: { path: { type: 'string', title: 'Path' }, deep: { type: 'boolean', title: 'Deep' } },
      },
      'x-order': 12,
    },
    headers: { type: 'object', title: 'Headers', additionalProperties: { type: 'string' }, 'x-order': 13 },
    proxy: { type: 'boolean', title: 'Use a proxy', 'x-order': 14 },
    proxy_url: {
      type: 'string',
      title: 'Proxy address',
      'x-visible-when': { field: 'proxy', equals: true },
      'x-order': 15,
    },
    callback: { type: 'string', title: 'Callback', 'x-readonly': true, 'x-order': 16 },
    tls: {
      type: 'object',
      title: 'TLS',
      additionalProperties: false,
      properties: {
        name: { type: 'string', title: 'Server name' },
        key: { type: 'string', title: 'Key', 'x-secret': true, 'x-multiline': true },
      },
      'x-group': 'Advanced',
      'x-order': 17,
    },
    debug: { type: 'boolean', title: 'Debug', default: false, 'x-group': 'Advanced', 'x-order': 18 },
  },
};

/** All of `controls` filled in, with texts that a careless renderer breaks. */
export const controlsValue = {
  site_url: 'https://example.com/?a=1&b=2',
  region: 'us',
  retries: 0,
  ratio: 1.25,
  contact: 'ada@example.com',
  since: '2026-11-30',
  until: '2026-11-30T14:30:00Z',
  footer: '\n<b>"it\'s" & more</b> 🙂\nשלום مرحبا\n',
  labels: ['<i>', '&amp;', "it's 👩‍🚀"],
  ports: [80, 443],
  events: ['push', 'issue'],
  rules: [{ path: '</textarea><script>', deep: true }, { path: '"' }],
  headers: { 'X-Name': 'a & b', constructor: 'fine' },
  proxy: true,
  proxy_url: 'http://proxy.example.com',
  tls: { name: 'api.example.com', key: '-----BEGIN KEY-----\nabc\n' },
  debug: true,
};

const method = (name: string): JsonSchema => ({ type: 'string', const: name, title: 'Method' });

/** Three ways to sign in that share names of fields. */
export const methods: JsonSchema = {
  type: 'object',
  title: 'Authentication',
  required: ['method'],
  discriminator: { propertyName: 'method' },
  oneOf: [
    {
      type: 'object',
      title: 'App',
      description: 'An app of your own.',
      additionalProperties: false,
      required: ['method', 'client_id', 'client_secret'],
      properties: {
        method: method('oauth2'),
        redirect_uri: { type: 'string', title: 'Redirect address', 'x-readonly': true },
        client_id: { type: 'string', title: 'Client ID', minLength: 4 },
        client_secret: { type: 'string', title: 'Client secret', 'x-secret': true, maxLength: 20 },
      },
    },
    {
      type: 'object',
      title: 'Signed',
      additionalProperties: false,
      required: ['method', 'client_id', 'proof'],
      properties: {
        method: method('signed'),
        client_id: { type: 'string', title: 'Client ID' },
        client_secret: { type: 'string', title: 'Client secret', 'x-secret': true },
        proof: {
          type: 'object',
          title: 'Proof',
          required: ['kind'],
          discriminator: { propertyName: 'kind' },
          oneOf: [
            {
              type: 'object',
              title: 'Key',
              additionalProperties: false,
              required: ['kind', 'key'],
              properties: { kind: method('key'), key: { type: 'string', title: 'Key', writeOnly: true } },
            },
            {
              type: 'object',
              title: 'Name',
              additionalProperties: false,
              required: ['kind', 'name'],
              properties: { kind: method('name'), name: { type: 'string', title: 'Name' } },
            },
          ],
        },
      },
    },
    {
      type: 'object',
      title: 'None',
      additionalProperties: false,
      required: ['method'],
      properties: { method: method('none') },
    },
  ],
};

/** One way only, and a field that a choice reveals. */
export const single: JsonSchema = {
  type: 'object',
  title: 'Authentication',
  required: ['method'],
  discriminator: { propertyName: 'method' },
  oneOf: [
    {
      type: 'object',
      title: 'Key',
      additionalProperties: false,
      required: ['method', 'api_key'],
      properties: {
        method: method('api_key'),
        api_key: { type: 'string', title: 'API key', 'x-secret': true, minLength: 8 },
        place: { type: 'string', title: 'Place', enum: ['header', 'query'], default: 'header' },
        header: { type: 'string', title: 'Header', 'x-visible-when': { field: 'place', equals: 'header' } },
        parameter: { type: 'string', title: 'Parameter', 'x-visible-when': { field: 'place', equals: ['query'] } },
      },
    },
  ],
};
