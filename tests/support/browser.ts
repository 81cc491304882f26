import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Playwright's own Chromium where it is installed, else the system's; null when there is none. */
export function findBrowser(): string | null {
  const own = chromium.executablePath();
  return [own, ...candidates].find((path) => existsSync(path)) ?? null;
}

/** Run directly: makes sure that there is a browser, by the means at hand, or says what to do. */
function provideBrowser() {
  if (findBrowser()) return;
  console.log('No Chromium found; trying to install one (once)…');
  const quiet = { stdio: 'ignore', timeout: 300_000 } as const;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    spawnSync('apt-get', ['update'], quiet);
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], quiet);
  }
  if (!findBrowser()) spawnSync('playwright', ['install', 'chromium'], quiet);
  if (findBrowser()) return;
  console.error(
    'The browser tests need Chromium, and it could not be installed. Install it (Debian: apt-get install chromium), then run make test again.',
  );
  process.exitCode = 1;
}

if (import.meta.main) provideBrowser();
