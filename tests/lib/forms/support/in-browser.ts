import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { CatalogEntry } from '../../../../src/drivers/driver.ts';
import { type FormOptions, formFields } from '../../../../src/lib/forms/model.ts';
import { findBrowser } from '../../../support/browser.ts';
import { type FormPage, type FormServer, serveForms } from './form-page.ts';

export type Entry = Pick<CatalogEntry, 'key' | 'configSchema' | 'authSchema'>;
type Values = Record<string, unknown>;

interface FormState extends Partial<FormOptions> {
  config?: Values;
  auth?: Values;
  theme?: 'light' | 'dark';
}

/** The form of an entry as the dialog has it. */
export function formOf(entry: Entry, { config, auth, theme, ...options }: FormState = {}): FormPage {
  const computed = {
    'auth.redirect_uri': 'https://hub.example.com/callback',
    'config.callback': 'https://hub.example.com/hook',
  };
  const common = { idPrefix: 'f', computed, ...options };
  const sections = [
    { title: 'Authentication', fields: formFields(entry.authSchema, { ...common, prefix: 'auth', value: auth }) },
    { title: 'Configuration', fields: formFields(entry.configSchema, { ...common, prefix: 'config', value: config }) },
  ];
  return { title: entry.key, theme, sections, errors: options.errors };
}

/** Chromium and a server of forms for the tests of one file; every test gets pages of its own. */
export function useBrowser() {
  let browser: Browser;
  let server: FormServer;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    const executablePath = findBrowser();
    if (!executablePath) throw new Error('The form tests need Chromium: run "make test", or install it.');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    server = await serveForms();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  return {
    /** A page with this form in a dialog, or with these forms one below the other. */
    async open(pages: FormPage | FormPage[], options: BrowserContextOptions = {}): Promise<Page> {
      server.show(pages);
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      contexts.push(context);
      const page = await context.newPage();
      await page.goto(server.origin);
      return page;
    },
    /** What the server got from the form that `send` submits; it must be sent exactly once. */
    async sent(page: Page, send: () => Promise<unknown>): Promise<URLSearchParams> {
      const before = server.posted.length;
      await Promise.all([page.waitForEvent('load'), send()]);
      expect(server.posted.length).toBe(before + 1);
      return server.posted.at(-1) ?? new URLSearchParams();
    },
  };
}
