import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { Fixtures } from '../../../src/drivers/fixtures.ts';
import { loadDrivers } from '../../../src/drivers/index.ts';
import { parseForm } from '../../../src/lib/forms/parse.ts';
import { getAt, secretFields } from '../../../src/lib/schema/walk.ts';
import { type Entry, formOf, useBrowser } from './support/in-browser.ts';
import { controls, controlsValue, methods, single } from './support/samples.ts';

type Values = Record<string, unknown>;

const sample: Entry = { key: 'sample', configSchema: controls, authSchema: methods };
const drivers = [...(await loadDrivers()).values()].map(({ entry }) => entry);
const { open, sent } = useBrowser();
const visible = (page: Page, label: string) => page.getByLabel(label).filter({ visible: true }).count();
const save = (page: Page) => page.getByRole('button', { name: 'Save' });

describe('what a browser sends', () => {
  it('is the value that the form was rendered from', async () => {
    await expectRoundTrip(sample, { config: controlsValue, auth: { method: 'none' } });
  });

  it.each(drivers.map((entry) => [entry.key, entry] as const))('is the maximal fixture of %s', async (key, entry) => {
    const { fixtures }: { fixtures: Fixtures } = await import(`../../../src/drivers/${key}/fixtures.ts`);
    for (const value of fixtures.maximal) await expectRoundTrip(entry, value);
  });

  async function expectRoundTrip(entry: Entry, value: { config: Values; auth: Values }) {
    const page = await open(formOf(entry, value));
    await typeSecrets(page, entry, value);
    const form = await sent(page, () => page.evaluate("document.querySelector('form').submit()"));
    expect(parseForm(entry.configSchema, form, 'config')).toMatchObject({ value: value.config, errors: {} });
    expect(parseForm(entry.configSchema, form, 'config').value).toEqual(value.config);
    expect(parseForm(entry.authSchema, form, 'auth').value).toEqual(value.auth);
  }

  async function typeSecrets(page: Page, entry: Entry, value: { config: Values; auth: Values }) {
    const schemas = { auth: entry.authSchema, config: entry.configSchema };
    for (const part of ['auth', 'config'] as const)
      for (const path of secretFields(schemas[part], value[part])) {
        const secret = getAt(value[part], path);
        const control = `document.querySelector('[name^="${part}."][name$=".${path}"]:enabled')`;
        if (typeof secret === 'string') await page.evaluate(`${control}.value = ${JSON.stringify(secret)}`);
      }
  }
});

describe('without JavaScript', () => {
  const off = { javaScriptEnabled: false };

  it('shows the chosen variant and what a choice reveals, and sends it', async () => {
    const page = await open(formOf(sample), off);
    expect(await visible(page, 'Client secret')).toBe(1);
    await page.getByText('Signed', { exact: true }).click();
    await page
      .locator('.seg label')
      .filter({ hasText: /^Name$/ })
      .click();
    await page.getByLabel('Name (required)').fill('Ada');
    expect(await visible(page, 'Proxy address')).toBe(0);
    await page.getByLabel('Use a proxy').check();
    await page.getByLabel('Proxy address').fill('http://proxy');
    const form = await sent(page, () => save(page).click());
    expect(parseForm(methods, form, 'auth').value).toEqual({ method: 'signed', proof: { kind: 'name', name: 'Ada' } });
    expect(parseForm(controls, form, 'config').value).toMatchObject({ proxy: true, proxy_url: 'http://proxy' });
  });

  it('offers no button that would do nothing', async () => {
    const page = await open(formOf(sample), off);
    expect(await page.getByRole('button').allTextContents()).toEqual(['Save']);
  });
});

/** What the dialog's own module does when somebody is about to close it; true when nothing stands in the way. */
const askToClose = `document.querySelector('dialog').dispatchEvent(new CustomEvent('close-request', {
  bubbles: true, cancelable: true, detail: { close() { document.body.dataset.closed = 'yes'; } },
}))`;

describe('with JavaScript', () => {
  const keyed: Entry = { key: 'keyed', configSchema: controls, authSchema: single };

  it('takes hidden controls out of the form', async () => {
    const page = await open(formOf(sample));
    const disabled = () => page.locator('[name^="auth.~0"]:disabled').count();
    expect(await disabled()).toBe(0);
    await page.getByText('None', { exact: true }).click();
    expect(await disabled()).toBe(2);
    await page.getByText('App', { exact: true }).click();
    expect(await disabled()).toBe(0);
  });

  it('lets a secret be looked at only while it is typed', async () => {
    const page = await open(formOf(keyed));
    const secret = page.getByLabel('API key (required)');
    const reveal = page.getByRole('button', { name: 'Show API key' });
    expect(await reveal.isVisible()).toBe(false);
    await secret.fill('typed-secret');
    await reveal.click();
    expect(await secret.getAttribute('type')).toBe('text');
    await page.getByLabel('Contact').focus();
    expect(await secret.getAttribute('type')).toBe('password');
    await reveal.click();
    await secret.fill('');
    expect(await reveal.isVisible()).toBe(false);
    expect(await secret.getAttribute('type')).toBe('password');
  });

  it('copies what the hub computed', async () => {
    const page = await open(formOf(sample), { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy Callback' }).click();
    await page.getByRole('button', { name: 'Copied Callback' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('https://hub.example.com/hook');
  });

  it('leads from the summary to the field, also inside what is folded', async () => {
    const page = await open(formOf(sample, { errors: { 'config.tls.name': ['Must be a host name.'] } }));
    await page.evaluate("document.querySelector('details').open = false");
    expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe('alert');
    await page.getByRole('link', { name: 'Server name: Must be a host name.' }).click();
    expect(await page.evaluate("document.activeElement.getAttribute('name')")).toBe('config.tls.name');
    expect(await page.getByLabel('Server name').getAttribute('aria-invalid')).toBe('true');
  });

  it('sends a double click once', async () => {
    const page = await open(formOf(keyed));
    await sent(page, () => save(page).dblclick());
  });

  it('asks before changes are lost, and only then', async () => {
    const page = await open(formOf(keyed));
    expect(await page.evaluate(askToClose)).toBe(true);
    await page.getByLabel('Contact').fill('ada@example.com');
    expect(await page.evaluate(askToClose)).toBe(false);
    await page.getByRole('button', { name: 'Keep editing' }).click();
    expect(await page.evaluate('document.body.dataset.closed')).toBeUndefined();
    await page.evaluate(askToClose);
    await page.getByRole('button', { name: 'Discard' }).click();
    await expect.poll(() => page.evaluate('document.body.dataset.closed')).toBe('yes');
    await page.getByLabel('Contact').fill('');
    expect(await page.evaluate(askToClose)).toBe(true);
  });

  it('breaks no rule of the security policy', async () => {
    const page = await open([]);
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    const other = await open(formOf(sample));
    await page.goto(other.url());
    await page.getByLabel('Client secret').first().fill('x');
    await page.evaluate(askToClose);
    await page.getByRole('button', { name: 'Keep editing' }).click();
    expect(problems).toEqual([]);
  });
});
