import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { parseForm } from '../../../src/lib/forms/parse.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { schemas } from '../../fixtures/schemas/index.ts';
import { sampleOf } from '../../fixtures/schemas/values.ts';
import { formOf, useBrowser } from './support/in-browser.ts';

const browser = useBrowser();
const authSchema: JsonSchema = { type: 'object', additionalProperties: false, properties: {} };
const all = Object.entries(schemas);
const batches = Array.from({ length: 4 }, (_, index) => all.filter((_schema, at) => at % 4 === index));

const valueIn = (schema: JsonSchema) => sampleOf(schema, schema) as Record<string, unknown>;

async function openAll(batch: typeof all, state: 'filled' | 'refused', theme: 'light' | 'dark'): Promise<Page> {
  const forms = batch.map(([key, configSchema], index) => {
    const wrong = Object.keys(configSchema.properties ?? {}).map((name) => [`config.${name}`, ['This is wrong.']]);
    const errors = state === 'refused' ? Object.fromEntries(wrong) : undefined;
    const value = valueIn(configSchema);
    return formOf({ key, configSchema, authSchema }, { config: value, auth: {}, errors, theme, idPrefix: `f${index}` });
  });
  const page = await browser.open(forms);
  await page.waitForLoadState('networkidle');
  await expect
    .poll(() => page.locator('.island:not([hidden])').count())
    .toBe(await page.locator('[data-island]').count());
  return page;
}

/** What each form would send. */
const sentBy = (page: Page): Promise<[string, string][][]> =>
  page.evaluate(
    '[...document.forms].map((form) => [...new FormData(form)].map(([name, text]) => [name, String(text)]))',
  );

async function addRows(page: Page) {
  for (const button of await page.locator('.i-list > .i-body > .i-buttons > .btn:visible').all()) await button.click();
}

async function violationsIn(page: Page, rules?: string[]) {
  const axe = new AxeBuilder({ page: page as never });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  return violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(' '))]);
}

describe.each(batches.map((batch, index) => [index + 1, batch] as const))(
  'forms of real shapes, part %i',
  (_part, batch) => {
    it('give back what they were given, with an editor over every list and map', async () => {
      const sent = await sentBy(await openAll(batch, 'filled', 'light'));
      for (const [index, [key, schema]] of batch.entries()) {
        const form = new URLSearchParams(sent[index]);
        expect([key, parseForm(schema, form, 'config').value]).toEqual([key, valueIn(schema)]);
      }
    });

    it('have no violations, as opened and with new rows', async () => {
      const page = await openAll(batch, 'filled', 'light');
      await addRows(page);
      expect(await violationsIn(page)).toEqual([]);
    });

    it('have none in the dark with everything wrong', async () => {
      expect(await violationsIn(await openAll(batch, 'refused', 'dark'))).toEqual([]);
    });
  },
);
