import { expect, it } from 'vitest';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { rowFor } from '../support/rows.ts';
import { expectAccessible, useStage } from './support.ts';

const stage = useStage();

it('settings that cannot be brought up to date are said to be so in the dialog, which closes again', async () => {
  const id = await rowFor(stage, '/connectors');
  const drivers = stage.hub.drivers as Map<string, LoadedDriver>;
  const driver = drivers.get('wordpress') as LoadedDriver;
  const version = driver.entry.schemaVersion;
  const migrate = () => {
    throw new Error('a mistake');
  };
  const entry = { ...driver.entry, schemaVersion: version + 1 };
  drivers.set('wordpress', { ...driver, entry, migrations: { [version]: { describe: 'Never said.', migrate } } });

  for (const viewport of [
    { width: 1280, height: 900 },
    { width: 390, height: 900 },
  ]) {
    const page = await stage.open(stage.cast.ada, '/installed', { viewport });
    await page.locator(`[hx-get$="/connectors/${id}/edit"]`).first().press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Nothing was changed or lost').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `a failed migration, ${colorScheme}, ${viewport.width}`);
    }
    expect(await dialog.getByRole('button', { name: 'Save' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
});
