import { describe, expect, it } from 'vitest';
import type { Driver } from '../../../src/drivers/driver.ts';
import { AppError } from '../../../src/errors.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import {
  type ConnectorInput,
  checkInput,
  type StoredValues,
} from '../../../src/services/connectors/connector-input.ts';

const text = (more: JsonSchema = {}): JsonSchema => ({ type: 'string', title: 'Text', ...more });
const closed = (properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
});

const configSchema = closed(
  {
    base_url: text({ format: 'uri' }),
    note: text(),
    tls: closed({ key: text({ 'x-secret': true }), server_name: text(), ca: text() }),
    client: {
      ...closed({ key: text({ 'x-secret': true, minLength: 20 }), cert: text() }),
      dependentRequired: { key: ['cert'], cert: ['key'] },
    },
  },
  ['base_url'],
);
const authSchema: JsonSchema = {
  type: 'object',
  discriminator: { propertyName: 'method' },
  required: ['method'],
  oneOf: [
    closed({ method: { const: 'api_key' }, api_key: text({ 'x-secret': true, minLength: 8 }) }, ['method', 'api_key']),
    closed(
      {
        method: { const: 'basic' },
        username: text(),
        password: text({ 'x-secret': true }),
        hint: text({ 'x-secret': true }),
        redirect_uri: text({ 'x-readonly': true, readOnly: true }),
      },
      ['method', 'username', 'password'],
    ),
  ],
};

const driver: Driver = {
  entry: {
    key: 'sample',
    name: 'Sample',
    description: 'For this test.',
    category: 'Developer',
    aliases: [],
    authType: 'api_key',
    authMethods: ['api_key', 'basic'],
    capabilities: { tools: 0 },
    configSchema,
    authSchema,
    schemaVersion: 1,
  },
  fieldDocs: {},
  destinations: (config) =>
    typeof config.base_url === 'string' ? [URL.parse(config.base_url)?.origin ?? ''].filter(Boolean) : [],
  needsConnection: () => false,
};

const envelope = (mark: string) => ({ $sealed: `pb1.1.${mark}`, updated_at: '2026-01-02T03:04:05.000Z' });
const input = (change: Partial<ConnectorInput> = {}): ConnectorInput => ({
  name: 'Sample',
  tags: [],
  config: { base_url: 'https://a.example' },
  auth: { method: 'api_key', api_key: 'long enough' },
  ...change,
});
const stored: StoredValues = {
  config: { base_url: 'https://a.example', tls: { key: envelope('tls'), server_name: 'a' } },
  auth: { method: 'basic', username: 'ada', password: envelope('password'), hint: envelope('hint') },
};

function refusal(change: Partial<ConnectorInput>, from?: StoredValues) {
  try {
    checkInput(driver, input(change), from);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, errors: error.errors };
    throw error;
  }
  return null;
}

describe('a new connector', () => {
  it('is taken as given, with the origins that its secrets may be sent to', () => {
    expect(checkInput(driver, input())).toEqual({
      config: { base_url: 'https://a.example' },
      auth: { method: 'api_key', api_key: 'long enough' },
      destinations: ['https://a.example'],
    });
  });

  it('tells all problems at once, by path from the root', () => {
    const refused = refusal({ name: ' ', tags: ['a', 'A'], config: { extra: 1 }, auth: { method: 'api_key' } });
    expect(refused?.code).toBe('invalid_input');
    expect(Object.keys(refused?.errors ?? {}).sort()).toEqual([
      'auth.api_key',
      'config.base_url',
      'config.extra',
      'name',
      'tags',
    ]);
  });

  it.each([
    ['256 characters', 'x'.repeat(256)],
    ['a line break', 'a\nb'],
    ['a mark that turns the rest around', 'a\u202eb'],
    ['a NUL', 'a\u0000b'],
    ['blanks only', '   '],
  ])('refuses a name of %s', (_what, name) => {
    expect(refusal({ name })?.errors).toHaveProperty('name');
  });

  it('finds the method where the fields leave one choice', () => {
    expect(checkInput(driver, input({ auth: { api_key: 'long enough' } })).auth).toEqual({
      method: 'api_key',
      api_key: 'long enough',
    });
    expect(Object.keys(refusal({ auth: {} })?.errors ?? {})).toEqual(['auth.method']);
  });

  it.each([{ secret: '' }, { secret: '••••••••' }, { secret: '********' }, { secret: { is_set: true } }])(
    'refuses $secret as a secret',
    ({ secret }) => {
      expect(Object.keys(refusal({ auth: { method: 'api_key', api_key: secret } })?.errors ?? {})).toEqual([
        'auth.api_key',
      ]);
    },
  );

  it('leaves out what the hub computes itself', () => {
    const auth = { method: 'basic', username: 'ada', password: 'secret', redirect_uri: 'https://evil.example' };
    expect(checkInput(driver, input({ auth })).auth).not.toHaveProperty('redirect_uri');
  });
});

describe('an edit', () => {
  const edit = (
    auth: Record<string, unknown>,
    config: Record<string, unknown> = { base_url: 'https://a.example' },
  ) => ({ auth, config });

  it('keeps secrets that are left out, as the envelopes they were', () => {
    const checked = checkInput(
      driver,
      input(edit({ method: 'basic', username: 'ben' }, { base_url: 'https://a.example', tls: {} })),
      stored,
    );
    expect(checked.auth).toEqual({
      method: 'basic',
      username: 'ben',
      password: envelope('password'),
      hint: envelope('hint'),
    });
    expect(checked.config).toEqual({ base_url: 'https://a.example', tls: { key: envelope('tls') } });
  });

  it('wants what belongs to a secret that is kept', () => {
    const before = {
      ...stored,
      config: { base_url: 'https://a.example', client: { key: envelope('c'), cert: 'old' } },
    };
    const basic = { method: 'basic', username: 'ben' };
    const change = (more: object) => edit(basic, { base_url: 'https://a.example', ...more });
    const missing = { 'config.client.cert': ['This field is required when “key” is set.'] };
    for (const more of [{}, { client: null }, { client: {} }])
      expect(refusal(change(more), before)?.errors).toEqual(missing);
    expect(refusal(change({ client: { cert: 'new' } }), before)).toBeNull();
    expect(refusal(change({ client: { key: null } }), before)).toBeNull();
    expect(refusal(change({ client: { key: null, cert: 'new' } }), before)?.errors).toEqual({
      'config.client.key': ['This field is required when “cert” is set.'],
    });
  });

  it('clears with null and replaces with a string', () => {
    const checked = checkInput(
      driver,
      input(edit({ method: 'basic', username: 'ada', password: 'new one', hint: null })),
      stored,
    );
    expect(checked.auth).toEqual({ method: 'basic', username: 'ada', password: 'new one' });
  });

  it('does not clear what is required', () => {
    expect(
      Object.keys(refusal(edit({ method: 'basic', username: 'ada', password: null }), stored)?.errors ?? {}),
    ).toEqual(['auth.password']);
  });

  it('forgets the secrets of another method', () => {
    const checked = checkInput(driver, input(edit({ method: 'api_key', api_key: 'long enough' })), stored);
    expect(checked.auth).toEqual({ method: 'api_key', api_key: 'long enough' });
    expect(Object.keys(refusal(edit({ method: 'api_key' }), stored)?.errors ?? {})).toEqual(['auth.api_key']);
  });

  it('takes no envelope from outside', () => {
    const forged = refusal(edit({ method: 'basic', username: 'ada', password: envelope('foreign') }), {
      ...stored,
      auth: { method: 'basic', username: 'ada' },
    });
    expect(forged?.code).toBe('invalid_input');
  });

  it('asks for the secrets again when they would go elsewhere', () => {
    const moved = refusal(edit({ method: 'basic', username: 'ada' }, { base_url: 'https://b.example' }), stored);
    expect(moved?.code).toBe('secret_required');
    expect(Object.keys(moved?.errors ?? {}).sort()).toEqual(['auth.hint', 'auth.password', 'config.tls.key']);
    const entered = edit(
      { method: 'basic', username: 'ada', password: 'again', hint: null },
      { base_url: 'https://b.example', tls: { key: null } },
    );
    expect(checkInput(driver, input(entered), stored).destinations).toEqual(['https://b.example']);
  });

  it('asks for the secrets again when another server could pose as the place', () => {
    const kept = { method: 'basic', username: 'ada' };
    const tls = (group: object) => refusal(edit(kept, { base_url: 'https://a.example', tls: group }), stored)?.code;
    expect(tls({ server_name: 'a' })).toBeUndefined();
    expect(tls({})).toBeUndefined();
    expect(tls({ server_name: 'b' })).toBe('secret_required');
    expect(tls({ ca: 'mine' })).toBe('secret_required');
  });
});
