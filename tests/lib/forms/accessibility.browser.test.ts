import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { loadDrivers } from '../../../src/drivers/index.ts';
import { compileSchema } from '../../../src/lib/schema/compile.ts';
import { secretFields } from '../../../src/lib/schema/walk.ts';
import type { FormPage } from './support/form-page.ts';
import { type Entry, formOf, useBrowser } from './support/in-browser.ts';
import { controls, methods } from './support/samples.ts';

const sample: Entry = { key: 'sample', configSchema: controls, authSchema: methods };
const entries: Entry[] = [sample, ...[...(await loadDrivers()).values()].map(({ entry }) => entry)];
const { open } = useBrowser();

/** New, refused with every field wrong that can be, and saved with each method. */
function statesOf(entry: Entry, theme: 'light' | 'dark'): FormPage[] {
  const methodsOf = (entry.authSchema.oneOf ?? []).map((variant) => ({ method: variant.properties?.method?.const }));
  const [auth] = methodsOf;
  const config = Object.fromEntries(Object.keys(entry.configSchema.properties ?? {}).map((key) => [key, {}]));
  const errors = {
    ...compileSchema(entry.authSchema, { prefix: 'auth' })(auth),
    ...compileSchema(entry.configSchema, { prefix: 'config' })(config),
  };
  const savedIn = (value: object) => new Set(secretFields(entry.authSchema, value).map((path) => `auth.${path}`));
  const states = [
    formOf(entry, { theme }),
    formOf(entry, { theme, config: {}, auth, errors }),
    ...methodsOf.map((value) => formOf(entry, { theme, config: {}, auth: value, saved: savedIn(value) })),
  ];
  return states.map(withIds);
}

/** The same form under other ids, so that several can share a page. */
const withIds = (form: FormPage, index: number): FormPage =>
  JSON.parse(JSON.stringify(form).replaceAll('"f-', `"f${index}-`).replaceAll(' f-', ` f${index}-`));

describe.each(entries.map((entry) => [entry.key, entry] as const))(
  'the form of %s',
  { timeout: 60_000 },
  (_key, entry) => {
    it('has no violations', async () => {
      expect(await violationsIn(await open(statesOf(entry, 'light')))).toEqual([]);
    });

    it('has enough contrast in the dark', async () => {
      expect(await violationsIn(await open(statesOf(entry, 'dark')), ['color-contrast'])).toEqual([]);
    });

    it('fits a telephone', async () => {
      const page = await open(statesOf(entry, 'light'), { viewport: { width: 390, height: 844 } });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    });
  },
);

/** What axe finds, as the rule and the elements that break it. */
async function violationsIn(page: Page, rules?: string[]): Promise<[string, string[]][]> {
  // Playwright's types reach us twice, through two packages.
  const axe = new AxeBuilder({ page: page as never }).setLegacyMode(true); // without frames to look for, in half the time
  const { violations, passes } = await (rules ? axe.withRules(rules) : axe).analyze();
  expect(passes.length).toBeGreaterThan(0);
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}
