import { beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { ensureFirstOwner } from '../../src/services/tenants/setup.ts';
import { password } from '../support/cast.ts';
import { expectNoOverflow } from './appearance.ts';
import { follow, said } from './steps.ts';
import { expectAccessible, useStage } from './support.ts';

const hub = useStage();
let address = '';

beforeAll(async () => {
  await withConnection(hub.database.admin, (sql) => sql`truncate organizations, users cascade`);
  address = ((await ensureFirstOwner(hub.hub)).url ?? '').slice(hub.url.length);
});

describe('the first set-up', () => {
  it('is pointed to by the sign-in page', async () => {
    const page = await hub.open(null, '/');
    expect(await said(page.getByRole('alert'))).toMatch(/^Nobody can sign in yet\. Open the link that was printed/);
  });

  it('is not there without the token', async () => {
    const page = await hub.open(null, '/setup?token=wrong');
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
  });

  it('reads well in light and dark, wide and narrow, with errors too', async () => {
    const page = await hub.open(null, address);
    for (const withErrors of [false, true]) {
      if (withErrors) await follow(page.getByRole('button', { name: 'Create workspace' }));
      for (const width of [1280, 390]) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 844 });
          const what = `${withErrors ? 'errors, ' : ''}${colorScheme}, ${width}`;
          await expectAccessible(page, what);
          await expectNoOverflow(page, what);
        }
      }
    }
  });

  it('says what is missing, then makes the workspace, signs in and is over', async () => {
    const page = await hub.open(null, address);
    await page.getByLabel('Workspace').fill('Northwind');
    await page.getByLabel('E-mail address').fill('ada');
    await page.getByLabel('Password').fill('short');
    const create = page.getByRole('button', { name: 'Create workspace' });
    await follow(create);
    const summary = page.locator('[data-error-summary]');
    expect(await summary.getByRole('link').count()).toBeGreaterThan(1);
    expect(await page.getByLabel('Workspace').inputValue()).toBe('Northwind');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.getByLabel('E-mail address').getAttribute('aria-invalid')).toBe('true');
    await summary.getByRole('link', { name: /12 characters/ }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('password');

    await page.getByLabel('Your name').fill('Ada');
    await page.getByLabel('E-mail address').fill('ada@example.com');
    await page.getByLabel('Password').fill(password);
    await follow(create);
    expect(page.url()).toBe(`${hub.url}/catalog`);
    expect(await said(page.locator('main'))).toContain('for everyone in Northwind');
    await hub.visit(page, address);
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
  });
});
