import { describe, expect, it } from 'vitest';
import type { Fixtures } from '../../../src/drivers/fixtures.ts';
import { loadDrivers } from '../../../src/drivers/index.ts';
import { formFields } from '../../../src/lib/forms/model.ts';
import { parseForm } from '../../../src/lib/forms/parse.ts';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { getAt, secretFields } from '../../../src/lib/schema/walk.ts';
import { controls, controlsValue, methods, single } from './support/samples.ts';
import { submit } from './support/submit.ts';

type Case = [name: string, schema: JsonSchema, prefix: string, value: Record<string, unknown>];

const own: Case[] = [
  ['controls', controls, 'config', controlsValue],
  [
    'controls, bare',
    controls,
    'config',
    { site_url: 'https://a.example', region: 'eu', labels: [], proxy: false, debug: false },
  ],
  ['an app', methods, 'auth', { method: 'oauth2', client_id: '"<&>\'', client_secret: 'p<a>ss&amp;"\'🙂' }],
  ['a signature', methods, 'auth', { method: 'signed', client_id: 'سلام', proof: { kind: 'key', key: ' spaces ' } }],
  ['none', methods, 'auth', { method: 'none' }],
  ['one way', single, 'auth', { method: 'api_key', api_key: 'abcdefgh', place: 'query', parameter: 'k' }],
  ['no prefix', controls, '', controlsValue],
];

const drivers = await loadDrivers();
const ofDrivers = await Promise.all(
  [...drivers.values()].map(async ({ entry }): Promise<Case[]> => {
    const { fixtures }: { fixtures: Fixtures } = await import(`../../../src/drivers/${entry.key}/fixtures.ts`);
    return fixtures.maximal.flatMap(({ config, auth }): Case[] => [
      [`${entry.key} config`, entry.configSchema, 'config', config],
      [`${entry.key} ${auth.method}`, entry.authSchema, 'auth', auth],
    ]);
  }),
);
const cases = [...own, ...ofDrivers.flat()];

/** Every secret of the value, by its path in the form. */
const secretsIn = (schema: JsonSchema, prefix: string, value: unknown) =>
  Object.fromEntries(
    secretFields(schema, value).flatMap((path) => {
      const secret = getAt(value, path);
      return typeof secret === 'string' ? [[prefix ? `${prefix}.${path}` : path, secret]] : [];
    }),
  );

describe.each(cases)('%s', (_name, schema, prefix, value) => {
  const secrets = secretsIn(schema, prefix, value);

  it('comes back from its form exactly', () => {
    const sent = submit(formFields(schema, { prefix, idPrefix: 'f', value }), secrets);
    expect(parseForm(schema, sent, prefix)).toMatchObject({ value, errors: {} });
    expect(parseForm(schema, sent, prefix).value).toEqual(value);
  });

  it('comes back a second time from the form that was refused', () => {
    const first = parseForm(schema, submit(formFields(schema, { prefix, idPrefix: 'f', value }), secrets), prefix);
    const again = submit(formFields(schema, { prefix, idPrefix: 'f', ...first }), secrets);
    expect(parseForm(schema, again, prefix).value).toEqual(value);
  });

  it('keeps its secrets to itself', () => {
    const shown = JSON.stringify(
      formFields(schema, { prefix, idPrefix: 'f', value, saved: new Set(Object.keys(secrets)) }),
    );
    for (const secret of Object.values(secrets)) expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
  });
});

it('has cases for every driver', () => {
  expect(drivers.size).toBeGreaterThanOrEqual(10);
  expect(cases.length).toBeGreaterThan(3 * drivers.size);
});

describe('a new form, sent as it is,', () => {
  it.each([...drivers.values()].map((driver) => [driver.entry.key, driver.entry] as const))(
    'lacks only what is required: %s',
    (_key, entry) => {
      for (const [prefix, schema] of [
        ['config', entry.configSchema],
        ['auth', entry.authSchema],
      ] as const) {
        const { value, errors } = parseForm(schema, submit(formFields(schema, { prefix, idPrefix: 'f' })), prefix);
        expect(errors).toEqual({});
        const messages = Object.values(compileSchema(schema, { prefix })(value)).flat();
        expect(messages.filter((message) => message !== 'This field is required.')).toEqual([]);
      }
    },
  );
});
