import { describe, expect, it } from 'vitest';
import type { Fixtures, Sample } from '../../src/drivers/fixtures.ts';
import { loadDrivers } from '../../src/drivers/index.ts';
import { AppError } from '../../src/errors.ts';
import { checkInput } from '../../src/services/connectors/connector-input.ts';
import { fieldPaths, valuePaths } from './paths.ts';

const drivers = await loadDrivers();
const cases = await Promise.all(
  [...drivers.values()].map(async (driver) => {
    const module: { fixtures: Fixtures } = await import(`../../src/drivers/${driver.entry.key}/fixtures.ts`);
    return [driver.entry.key, driver, module.fixtures] as const;
  }),
);

describe.each(cases)('%s', (_key, driver, fixtures) => {
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
