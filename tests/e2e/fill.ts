import type { Locator, Page } from 'playwright';
import type { CatalogEntry, Values } from '../../src/drivers/driver.ts';
import type { Sample } from '../../src/drivers/fixtures.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';
import { dialog, field } from './steps.ts';

/** Enters a sample into the open form of its entry, as a person would: by the controls that are there. */
export async function fillSample(page: Page, entry: CatalogEntry, { config, auth }: Sample) {
  const { method, ...credentials } = auth;
  const variants = entry.authSchema.oneOf ?? [];
  const index = variants.findIndex(({ properties }) => properties?.method?.const === method);
  if (variants.length > 1) await choose(field(page, 'auth.method').nth(index));
  await unfold(page);
  await fillValues(page, variants[index] ?? {}, `auth.~${index}`, credentials);
  await fillValues(page, entry.configSchema, 'config', config);
}

async function unfold(page: Page) {
  const folded = dialog(page).locator('details:not([open]):visible > summary');
  while (await folded.count()) await folded.first().click();
}

/** In the order of the schema, so that a choice is made before the fields that it brings up. */
async function fillValues(page: Page, schema: JsonSchema, prefix: string, values: Values) {
  for (const key of Object.keys(schema.properties ?? {})) {
    if (key in values) await fillValue(page, schema.properties?.[key] ?? {}, `${prefix}.${key}`, values[key]);
  }
}

async function fillValue(page: Page, schema: JsonSchema, name: string, value: unknown) {
  const controls = field(page, name);
  const kind = (await controls.count()) ? await kindOf(controls.first()) : 'group';
  if (kind === 'group') await fillValues(page, schema, name, value as Values);
  else if (kind === 'checkbox' && Array.isArray(value)) await tick(page, name, value);
  else if (kind === 'checkbox') await controls.setChecked(value === true);
  else if (await island(page, name).count()) await addRows(page, name, value as Values | Values[]);
  else if (kind === 'select-one') await controls.selectOption(String(value));
  else await controls.fill(textOf(value));
}

const kindOf = (control: Locator) => control.evaluate((element) => (element as HTMLInputElement).type);

async function tick(page: Page, name: string, values: unknown[]) {
  for (const box of await field(page, name).all())
    await box.setChecked(values.includes(await box.getAttribute('value')));
}

/** Lists of objects and maps have an editor with rows. */
const island = (page: Page, name: string) =>
  dialog(page)
    .locator('[data-island]')
    .filter({ has: page.locator(`[name="${name}"]`) });

async function addRows(page: Page, name: string, value: Values | Values[]) {
  const rows = Array.isArray(value) ? value.map((row) => Object.values(row)) : Object.entries(value);
  for (const cells of rows) {
    await island(page, name).getByRole('button', { name: /^Add/ }).click();
    const inputs = island(page, name).getByRole('group').last().locator('input');
    for (const [index, cell] of cells.entries()) await inputs.nth(index).fill(String(cell));
  }
}

/** Radio buttons are drawn by their labels. */
const choose = (radio: Locator) => radio.locator('xpath=ancestor::label').click();

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join('\n') : String(value));
