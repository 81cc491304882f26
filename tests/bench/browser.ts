import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { findBrowser } from '../support/browser.ts';
import type { Finding } from './report.ts';
import { spreadOf } from './rounds.ts';
import type { Stage } from './stage.ts';

/** What people wait for: the first page, and a form from the click until it can be filled in. */
export async function measureBrowser(stage: Stage, rounds: number): Promise<Finding[]> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error('The browser figures need Chromium: run "make browser".');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
  try {
    const bytes = await firstLoad(browser, stage);
    return [
      {
        ...{ what: 'first load of /catalog', unit: 'KB compressed', ours: spreadOf([bytes / 1024]) },
        ...{ beside: 'the target', target: { is: 'at most', value: 100 } },
      },
      await measureDialog(browser, stage, rounds, { entry: 'slack', islands: 0, target: 100 }),
      await measureDialog(browser, stage, rounds, { entry: 'http-api', islands: 2, target: 250 }),
    ];
  } finally {
    await browser.close();
  }
}

async function signedIn(browser: Browser, { hub }: Stage): Promise<BrowserContext> {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const pairs = hub.cookie
    .split('; ')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  await context.addCookies(pairs.map(([name = '', value = '']) => ({ name, value, url: hub.url })));
  return context;
}

/** Everything that the page makes an empty browser fetch, headers included. */
async function firstLoad(browser: Browser, stage: Stage): Promise<number> {
  const context = await signedIn(browser, stage);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(`${stage.hub.url}/catalog`, { waitUntil: 'networkidle' });
  await context.close();
  return bytes;
}

interface Dialog {
  entry: string;
  islands: number;
  target: number;
}

/** Each round in a page of its own: the editor is loaded anew, from the browser's cache after the first. */
async function measureDialog(
  browser: Browser,
  stage: Stage,
  rounds: number,
  { entry, islands, target }: Dialog,
): Promise<Finding> {
  const context = await signedIn(browser, stage);
  const measured: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const page = await context.newPage();
    await page.goto(`${stage.hub.url}/catalog`, { waitUntil: 'networkidle' });
    const took = await openDialog(page, entry, islands);
    if (round > 0) measured.push(took);
    await page.close();
  }
  await context.close();
  const what = islands ? `dialog with ${islands} lists, click to usable` : 'dialog, click to usable';
  return { what, unit: 'ms', ours: spreadOf(measured), beside: 'the target', target: { is: 'at most', value: target } };
}

/** From the click to the first frame in which the form is there with its editors. */
const openDialog = (page: Page, entry: string, islands: number) =>
  page.evaluate(
    ([key, count]) =>
      new Promise<number>((resolve) => {
        const link = document.querySelector<HTMLElement>(`a[href*="catalog_key=${key}"]`);
        const started = performance.now();
        const look = () => {
          const form = document.querySelector('#modal > dialog[open] form');
          const editors = form?.querySelectorAll('.island:not([hidden])').length ?? -1;
          if (editors >= Number(count)) resolve(performance.now() - started);
          else requestAnimationFrame(look);
        };
        link?.click();
        look();
      }),
    [entry, String(islands)] as const,
  );
