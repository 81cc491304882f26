import { describe, expect, it } from 'vitest';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { compileSchema } from '../../src/lib/schema/compile.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';
import { fieldPaths } from './paths.ts';

const drivers = await loadDrivers();
const cases = [...drivers.values()].map((driver) => [driver.entry.key, driver] as const);
const driver = (key: string) => drivers.get(key) as LoadedDriver;

/** Every schema inside, itself included. */
const schemasIn = (schema: JsonSchema): JsonSchema[] => [
  schema,
  ...[
    ...Object.values(schema.properties ?? {}),
    ...(schema.oneOf ?? []),
    ...(schema.items ? [schema.items] : []),
  ].flatMap(schemasIn),
];

describe('the catalog', () => {
  it('has the ten services, by name', () => {
    expect(cases.map(([, { entry }]) => entry.name)).toEqual([
      'Composio',
      'GitHub',
      'HTTP API',
      'LinkedIn',
      'Medium',
      'OpenAI',
      'PostgreSQL',
      'Slack',
      'WordPress',
      'X',
    ]);
  });

  it('lets two entries share an alias only where people mean both', () => {
    const names = cases.flatMap(([, { entry }]) => [entry.name, ...entry.aliases].map((name) => name.toLowerCase()));
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice).toEqual(['blog']);
  });
});

describe.each(cases)('%s', (_key, { entry, ...driver }) => {
  const schemas = [...schemasIn(entry.configSchema), ...schemasIn(entry.authSchema)];

  it('documents every field, and nothing else', () => {
    expect(Object.keys(driver.fieldDocs).sort()).toEqual(fieldPaths(entry).sort());
    for (const page of Object.values(driver.fieldDocs)) expect(page).toMatch(/^https:\/\/[a-z.-]+\/\S+$/);
  });

  it('compiles', () => {
    expect(() => compileSchema(entry.configSchema)({})).not.toThrow();
    expect(() => compileSchema(entry.authSchema)({})).not.toThrow();
  });

  it('has defaults and examples that its own rules accept', () => {
    const withValues = schemas.filter((schema) => schema.default !== undefined || schema.examples !== undefined);
    for (const schema of withValues)
      for (const value of [schema.default, ...((schema.examples as unknown[] | undefined) ?? [])])
        if (value !== undefined)
          expect([schema.title, value, compileSchema(schema)(value)]).toEqual([schema.title, value, {}]);
  });

  it('limits every text, list and number', () => {
    const limits: Record<string, string[]> = { string: ['maxLength'], array: ['maxItems'] };
    const free = schemas.filter((schema) => {
      if (schema.enum || schema.const !== undefined || schema.readOnly) return false;
      const number = ['integer', 'number'].includes(String(schema.type));
      const needed = limits[String(schema.type)] ?? (number ? ['minimum', 'maximum'] : []);
      return needed.some((keyword) => schema[keyword] === undefined);
    });
    expect(free.map(({ title, pattern }) => title ?? pattern)).toEqual([]);
  });

  it('explains each pattern, ends sentences with a full stop, and orders its fields', () => {
    for (const schema of schemas) {
      if (schema.pattern) expect(schema['x-pattern-hint'], schema.pattern).toMatch(/^[a-z].*[^.]$/);
      if (schema.description) expect(schema.description).toMatch(/[.}\]]$/);
      const orders = Object.values(schema.properties ?? {}).map((field) => field['x-order']);
      expect(orders).toEqual(orders.map((_order, index) => index + 1));
    }
  });

  it('closes every object and tags every variant', () => {
    for (const schema of schemas.filter(({ type, oneOf }) => type === 'object' && !oneOf))
      expect(schema.additionalProperties === false || typeof schema.additionalProperties === 'object').toBe(true);
    for (const variant of entry.authSchema.oneOf ?? []) expect(variant.required).toContain('method');
  });

  it('promises the tools that there are', () => {
    expect(entry.capabilities.tools).toBe(driver.tools?.length ?? 0);
  });

  it('survives nonsense in destinations and summary', () => {
    for (const value of ['', 'nonsense', 'http://', 'https://[', 'javascript:alert(1)', 7, null, [], {}]) {
      const names = ['base_url', 'api_url', 'site_url', 'token_url', 'host', 'port', 'environment', 'username'];
      const config = Object.fromEntries(names.map((name) => [name, value]));
      for (const method of entry.authMethods) {
        const origins = driver.destinations(config, { method, token_url: value });
        for (const origin of origins) expect(origin).toMatch(/^(https:\/\/|postgres:\/\/)[a-z]/);
      }
      expect(typeof driver.summary?.(config)).toBe('string');
    }
  });

  it('needs a connection only where a person authorises', () => {
    for (const method of entry.authMethods) expect(driver.needsConnection({ method })).toBe(method === 'oauth2');
  });
});

describe.each(cases.filter(([, { entry }]) => entry.authMethods.includes('oauth2')))(
  'OAuth at %s',
  (_key, { entry }) => {
    it('can be replaced by a token, and shows the redirect address', () => {
      expect(entry.authMethods).toContain('token');
      const variant = entry.authSchema.oneOf?.find(({ properties }) => properties?.method?.const === 'oauth2');
      expect(variant?.properties?.redirect_uri).toMatchObject({ readOnly: true, 'x-readonly': true });
      expect(variant?.required).not.toContain('redirect_uri');
      expect(variant?.properties?.client_secret?.['x-secret']).toBe(true);
      expect(variant?.properties?.scopes).toMatchObject({ type: 'array', minItems: 1 });
    });
  },
);

describe('destinations', () => {
  it.each<[key: string, config: object, auth: object, origins: string[]]>([
    ['twitter', {}, { method: 'oauth2' }, ['https://api.x.com']],
    ['linkedin', {}, { method: 'oauth2' }, ['https://www.linkedin.com', 'https://api.linkedin.com']],
    ['linkedin', {}, { method: 'token' }, ['https://www.linkedin.com', 'https://api.linkedin.com']],
    ['medium', {}, { method: 'token' }, ['https://api.medium.com']],
    ['slack', {}, { method: 'token' }, ['https://slack.com', 'https://files.slack.com']],
    ['slack', { environment: 'gov' }, { method: 'token' }, ['https://slack-gov.com', 'https://files.slack-gov.com']],
    ['wordpress', { site_url: 'https://blog.example.com/news' }, { method: 'basic' }, ['https://blog.example.com']],
    ['wordpress', { site_url: 'http://blog.example.com:8080' }, { method: 'basic' }, ['http://blog.example.com:8080']],
    ['wordpress', { site_url: 'https://a.example' }, { method: 'oauth2' }, ['https://public-api.wordpress.com']],
    ['wordpress', { site_url: 'https://a.example' }, { method: 'token' }, ['https://a.example']],
    [
      'wordpress',
      { site_url: 'https://a.example' },
      { method: 'token', issued_by: 'wordpress_com' },
      ['https://public-api.wordpress.com'],
    ],
    ['github', {}, { method: 'token' }, ['https://api.github.com']],
    ['github', { base_url: 'https://ghe.example' }, { method: 'token' }, ['https://api.github.com']],
    ['github', {}, { method: 'oauth2' }, ['https://github.com', 'https://api.github.com']],
    [
      'github',
      { base_url: 'https://ghe.example', api_url: 'https://ghe.example/api/v3' },
      { method: 'oauth2' },
      ['https://ghe.example'],
    ],
    ['openai', {}, { method: 'api_key' }, ['https://api.openai.com']],
    [
      'openai',
      { base_url: 'https://LLM.example.com:8443/v1' },
      { method: 'api_key' },
      ['https://llm.example.com:8443'],
    ],
    [
      'openai',
      {},
      { method: 'client_credentials', token_url: 'https://login.example.com/t' },
      ['https://login.example.com for tokens', 'https://api.openai.com'],
    ],
    ['postgresql', { host: 'DB.example.com' }, { method: 'basic' }, ['postgres://db.example.com:5432']],
    ['postgresql', { host: 'db.example.com', port: 6432 }, { method: 'basic' }, ['postgres://db.example.com:6432']],
    ['postgresql', { host: '2001:db8::7' }, { method: 'basic' }, ['postgres://[2001:db8::7]:5432']],
    [
      'postgresql',
      { host: 'db.example.com', sslmode: 'require' },
      { method: 'basic' },
      [
        'postgres://db.example.com:5432',
        'postgres://db.example.com:5432?sslmode=verify-ca',
        'postgres://db.example.com:5432?sslmode=require',
      ],
    ],
    ['postgresql', { host: 'a@b.example' }, { method: 'basic' }, []],
    ['http-api', { base_url: 'https://api.example.com/v1' }, { method: 'api_key' }, ['https://api.example.com']],
    [
      'http-api',
      { base_url: 'https://api.example.com/v1' },
      { method: 'client_credentials', token_url: 'https://login.example.com/t' },
      ['https://login.example.com for tokens', 'https://api.example.com'],
    ],
    ['http-api', { base_url: 'ftp://files.example.com' }, { method: 'basic' }, []],
    ['composio', {}, { method: 'api_key' }, ['https://backend.composio.dev']],
    ['composio', { base_url: 'https://composio.example' }, { method: 'api_key' }, ['https://composio.example']],
  ])('%s with %o and %o', (key, config, auth, origins) => {
    expect(driver(key).destinations({ ...config }, { ...auth })).toEqual(origins);
  });
});

it('tells a token endpoint from the API beside it, so that swapping the two asks for the secret again', () => {
  const set = (tokens: string, api: string) =>
    driver('http-api').destinations({ base_url: api }, { method: 'client_credentials', token_url: tokens }).sort();
  expect(set('https://b.example', 'https://a.example')).not.toEqual(set('https://a.example', 'https://b.example'));
});

describe('summary', () => {
  it.each<[key: string, config: object, summary: string]>([
    ['wordpress', { site_url: 'https://blog.example.com/news' }, 'blog.example.com'],
    ['github', { owner: 'northwind' }, 'github.com/northwind'],
    ['postgresql', { host: 'db.example.com', database: 'analytics' }, 'db.example.com:5432/analytics'],
    ['twitter', { username: '@northwind' }, '@northwind'],
    ['linkedin', {}, 'Member profile'],
    ['http-api', { base_url: 'https://api.example.com:8443/v1' }, 'api.example.com:8443'],
  ])('%s with %o', (key, config, summary) => {
    expect(driver(key).summary?.({ ...config })).toBe(summary);
  });
});
