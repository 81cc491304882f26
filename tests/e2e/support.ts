import { AxeBuilder } from '@axe-core/playwright';
import { serve } from '@hono/node-server';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { findBrowser } from '../support/browser.ts';
import type { Person } from '../support/cast.ts';
import { freePort } from '../support/ports.ts';

export interface Stage extends TestApp {
  /** Where the app answers, with the path prefix if it has one. */
  url: string;
  browser: Browser;
  /** A page in a browser of its own, signed in as this person. */
  open(person: Person | null, path: string, options?: BrowserContextOptions): Promise<Page>;
  /** Another tab in the same browser. */
  openTab(page: Page, path: string): Promise<Page>;
  /** Goes to a path of the app. */
  visit(page: Page, path: string): Promise<void>;
  /** Closes what `open` opened. */
  closePages(): Promise<void>;
  /** Broken scripts, violations of the security policy, missing assets and requests to elsewhere on all pages so far; there should be none. */
  complaints: string[];
}

interface StageOptions {
  /** A path in front of all others, such as `/hub`. */
  prefix?: string;
  env?: Record<string, string>;
  /** Drivers that this version does not come with. */
  drivers?: LoadedDriver[];
}

/**
 * The stage for all tests of a file: the app on loopback with the cast, and a browser. Pages are closed after each test, and a
 * test whose pages had anything to complain about fails.
 */
export function useStage(options: StageOptions = {}): Stage {
  const shared = {} as Stage;
  beforeAll(async () => {
    Object.assign(shared, await stage(options));
  });
  afterEach(async () => {
    await shared.closePages();
    expect(shared.complaints.splice(0)).toEqual([]);
  });
  afterAll(() => shared.close?.());
  return shared;
}

async function stage({ prefix = '', env = {}, drivers = [] }: StageOptions): Promise<Stage> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${prefix}`;
  const app = await testApp({ BASE_URL: url, ...env }, drivers);
  const server = serve({ fetch: app.app.fetch, port, hostname: '127.0.0.1' });
  const browser = await launch();
  const complaints: string[] = [];
  const contexts: BrowserContext[] = [];
  const visit = async (page: Page, path: string) => void (await page.goto(url + path));
  const openTab = async (context: BrowserContext, path: string) => {
    const page = await context.newPage();
    watch(page, url, complaints);
    await visit(page, path);
    return page;
  };

  return {
    ...app,
    url,
    browser,
    complaints,
    visit,
    async open(person, path, options = {}) {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
      contexts.push(context);
      if (person) await context.addCookies(cookiesOf(person, url));
      return openTab(context, path);
    },
    openTab: (page, path) => openTab(page.context(), path),
    async closePages() {
      for (const context of contexts.splice(0)) await context.close();
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => {
        server.close(resolve);
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
      await app.close();
    },
  };
}

function launch(): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath)
    throw new Error(
      'The browser tests need Chromium. Install it (Debian: apt-get install chromium), then run make test again.',
    );
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

function watch(page: Page, url: string, complaints: string[]) {
  const complain = (what: string) => complaints.push(`${page.url().slice(url.length)}: ${what}`);
  page.setDefaultTimeout(patienceMs);
  page.on('pageerror', (error) => complain(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complain(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith('data:')) complain(`asks ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500 || (response.status() >= 400 && response.url().startsWith(`${url}/assets/`)))
      complain(`${response.status()} for ${response.url()}`);
  });
}

const cookiesOf = (person: Person, url: string) =>
  person.cookie.split('; ').map((pair) => {
    const cut = pair.indexOf('=');
    return { name: pair.slice(0, cut), value: pair.slice(cut + 1), url };
  });

/** For machines that stall. */
const patienceMs = 20_000;

/** What the page comes to say in a moment. */
export const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: patienceMs, interval: 50 });

/** No violations of the accessibility rules that a machine can check. */
export async function expectAccessible(page: Page, what: string) {
  // There are no frames, and without looking for any it takes half the time.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  expect(
    violations.map(({ id, nodes }) => `${what}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`),
  ).toEqual([]);
}
