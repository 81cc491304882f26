import { describe, expect, it } from 'vitest';
import type { Values } from '../../src/drivers/driver.ts';
import type { Fixtures, Sample } from '../../src/drivers/fixtures.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { AppError } from '../../src/errors.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';
import { getAt, secretFields, setAt } from '../../src/lib/schema/walk.ts';
import { checkInput } from '../../src/services/connectors/connector-input.ts';
import { presentSecrets } from '../../src/services/secrets/secrets.ts';
import { fieldPaths, valuePaths } from './paths.ts';

const drivers = await loadDrivers();
const cases = await Promise.all(
  [...drivers.values()].map(async (driver) => {
    const module: { fixtures: Fixtures } = await import(`../../src/drivers/${driver.entry.key}/fixtures.ts`);
    return [driver.entry.key, driver, module.fixtures] as const;
  }),
);

/** As it stands in the database, but for the sealing. */
function sealed(schema: JsonSchema, value: Values): Values {
  const stored = structuredClone(value);
  for (const path of secretFields(schema, value))
    if (getAt(value, path) !== undefined) setAt(stored, path, { $sealed: `pb1.${path}`, updated_at: 'then' });
  return stored;
}

describe.each(cases)('%s', (_key, driver, fixtures) => {
  const { entry } = driver;
  const errorsOf = (sample: Sample) => {
    try {
      checkInput(driver, { name: 'Fixture', tags: [], ...sample });
      return {};
    } catch (error) {
      if (error instanceof AppError) return error.errors;
      throw error;
    }
  };

  it('accepts the least that is required', () => {
    expect(errorsOf(fixtures.minimal)).toEqual({});
  });

  it.each(fixtures.maximal)('accepts everything at once ($auth.method)', (sample) => {
    expect(errorsOf(sample)).toEqual({});
  });

  it.each([fixtures.minimal, ...fixtures.maximal])('takes back what answers show ($auth.method)', (sample) => {
    const { destinations, ...checked } = checkInput(driver, { name: 'Fixture', tags: [], ...sample });
    const stored = { config: sealed(entry.configSchema, checked.config), auth: sealed(entry.authSchema, checked.auth) };
    const shown = {
      config: presentSecrets(entry.configSchema, stored.config),
      auth: presentSecrets(entry.authSchema, stored.auth),
    };
    const again = checkInput(driver, { name: 'Fixture', tags: [], ...shown }, stored);
    expect(again).toEqual({ ...stored, destinations });
  });

  it('sets every field in the maximal fixtures, for every method', () => {
    const set = new Set(fixtures.maximal.flatMap((sample) => valuePaths(sample)));
    const computed = 'auth.redirect_uri';
    expect(fieldPaths(driver.entry).filter((path) => path !== computed && !set.has(path))).toEqual([]);
    const methods = new Set([fixtures.minimal, ...fixtures.maximal].map(({ auth }) => auth.method));
    expect(methods).toEqual(new Set(driver.entry.authMethods));
  });

  it('needs each field of the minimal fixture', () => {
    for (const part of ['config', 'auth'] as const)
      for (const field of Object.keys(fixtures.minimal[part]).filter((key) => key !== 'method')) {
        const { [field]: _gone, ...rest } = fixtures.minimal[part];
        expect(errorsOf({ ...fixtures.minimal, [part]: rest })).toHaveProperty([`${part}.${field}`]);
      }
  });

  it('has at least three invalid fixtures', () => {
    expect(fixtures.invalid.length).toBeGreaterThanOrEqual(3);
  });

  it.each(fixtures.invalid)('refuses with $errors', ({ errors, ...sample }) => {
    expect(errorsOf(sample)).toEqual(errors);
  });
});
