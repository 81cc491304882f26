import { describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import type { Fixtures, Sample } from '../../src/drivers/fixtures.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';
import { secretFields } from '../../src/lib/schema/walk.ts';
import { fillSample } from './fill.ts';
import { announced, connectorNamed, field, submit } from './steps.ts';
import { soon, useStage } from './support.ts';

const hub = useStage();
const drivers = [...(await loadDrivers()).values()];

const fixturesOf = async (key: string): Promise<Fixtures> =>
  (await import(`../../src/drivers/${key}/fixtures.ts`)).fixtures;

const samples = await Promise.all(
  drivers.map(async ({ entry }) => {
    const { minimal, maximal } = await fixturesOf(entry.key);
    return [
      { entry, name: `${entry.name}, the least`, sample: minimal },
      ...maximal.map((sample, index) => ({ entry, name: `${entry.name}, everything ${index + 1}`, sample })),
    ];
  }),
);

/** What was entered, with secrets as answers show them. */
function asShown(schema: JsonSchema, values: Values): Values {
  const shown = structuredClone(values);
  for (const path of secretFields(schema, values)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const at = keys.reduce<Values | undefined>((parent, key) => parent?.[key] as Values | undefined, shown);
    if (at && last in at) at[last] = { is_set: true, updated_at: expect.any(String) };
  }
  return shown;
}

/** What the form itself adds: preset defaults, secrets that were not entered, and fields that the hub computes. */
function withoutPresets(shown: Values, entered: Values, schema: JsonSchema): Values {
  const properties = { ...schema.properties, ...chosen(schema, shown)?.properties };
  const rest = Object.entries(shown).flatMap(([key, value]) => {
    const field = properties[key] ?? {};
    if (key in entered) return [[key, nested(field, value, entered[key])]];
    const preset = value === (field.default ?? false) || JSON.stringify(value) === JSON.stringify(field.default);
    const unset = typeof value === 'object' && value !== null && 'is_set' in value && value.is_set === false;
    if (preset || unset || field['x-readonly'] || isOnlyPresets(field, value)) return [];
    return [[key, value]];
  });
  return Object.fromEntries(rest);
}

const isGroup = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('is_set' in value);
const chosen = (schema: JsonSchema, value: Values) =>
  schema.oneOf?.find(({ properties }) => properties?.method?.const === value.method);
const nested = (schema: JsonSchema, shown: unknown, entered: unknown) =>
  isGroup(shown) && isGroup(entered) && schema.properties ? withoutPresets(shown, entered, schema) : shown;
const isOnlyPresets = (schema: JsonSchema, value: unknown) =>
  isGroup(value) && !Object.keys(withoutPresets(value, {}, schema)).length;

const expected = ({ config, auth }: Sample, configSchema: JsonSchema, authSchema: JsonSchema) => ({
  config: asShown(configSchema, config),
  auth: asShown(authSchema, auth),
});

describe('the form of every catalog entry', () => {
  it('is there for ten entries', () => expect(drivers).toHaveLength(10));

  it.each(samples.flat())('installs $name', async ({ entry, name, sample }) => {
    const page = await hub.open(hub.cast.ada, `/connectors/new?catalog_key=${entry.key}`);
    await field(page, 'name').fill(name);
    await fillSample(page, entry, sample);
    await submit(page);
    await soon(() => announced(page)).toEqual([`${name} was added. Activate it when it should be used.`]);

    const { config, auth } = await connectorNamed(hub, hub.cast.ada, name);
    const { configSchema, authSchema } = entry;
    expect({
      config: withoutPresets(config, sample.config, configSchema),
      auth: withoutPresets(auth, sample.auth, authSchema),
    }).toEqual(expected(sample, configSchema, authSchema));
  });
});
