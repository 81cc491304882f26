import { expect, it } from 'vitest';
import { problemsOf } from '../../src/drivers/check.ts';
import type { LoadedDriver, SchemaMigration } from '../../src/drivers/driver.ts';
import { loadDrivers } from '../../src/drivers/index.ts';

const [driver] = [...(await loadDrivers()).values()] as [LoadedDriver];
const sound: SchemaMigration = { describe: 'One field has a new name.', migrate: (config, auth) => ({ config, auth }) };

const problems = (migrations: object, schemaVersion = 2) =>
  problemsOf(
    driver.entry.key,
    { ...driver, entry: { ...driver.entry, schemaVersion }, migrations: migrations as LoadedDriver['migrations'] },
    driver.icon,
  );

it('takes migrations from earlier versions', () => {
  expect(problems({ 1: sound })).toEqual([]);
});

it.each([
  [{ 2: sound }, 'migrations start from a version below 2, not from 2.'],
  [{ 0: sound }, 'migrations start from a version below 2, not from 0.'],
  [{ 1: { ...sound, describe: ' ' } }, 'migration 1 needs describe and migrate.'],
  [{ 1: { describe: 'It changes.' } }, 'migration 1 needs describe and migrate.'],
])('refuses %j', (migrations, problem) => {
  expect(problems(migrations)).toEqual([problem]);
});
