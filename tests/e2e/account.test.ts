import { describe, expect, it } from 'vitest';
import { password } from '../support/cast.ts';
import { codeOf, turnOnFactor } from '../support/second-factor.ts';
import { announced } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const stage = useStage();
const schemes = ['light', 'dark'] as const;
const account = '/settings/account';

describe('one’s own account', () => {
  it('is reached by the menu, and accessible, also with messages, in light and dark, on a phone', async () => {
    for (const colorScheme of schemes)
      for (const width of [1280, 390]) {
        const page = await stage.open(stage.cast.ben, '/catalog', { colorScheme, viewport: { width, height: 900 } });
        await page.getByRole('button', { name: 'Account: Ben' }).click();
        await page.getByRole('link', { name: 'Your account' }).click();
        await page.waitForURL(`**${account}`);
        await expectAccessible(page, `account, ${colorScheme}, ${width}`);
        await page.getByLabel('New password').fill('short');
        await page.getByRole('button', { name: 'Change password' }).click();
        await page.locator('#new_password[aria-invalid=true]').waitFor();
        await expectAccessible(page, `account with messages, ${colorScheme}, ${width}`);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      }
  });

  it('takes a new password, says so, and keeps this browser signed in', async () => {
    const page = await stage.open(stage.cast.dan, account);
    await page.getByLabel('Current password').fill(password);
    await page.getByLabel('New password').fill('another long password');
    await page.getByRole('button', { name: 'Change password' }).click();
    await soon(() => announced(page)).toEqual(['Your password is changed. Other browsers were signed out.']);
    await stage.visit(page, '/catalog');
    expect(new URL(page.url()).pathname).toBe('/catalog');
  });

  it('gets a second factor, which the next sign-in asks for', async () => {
    const page = await stage.open(stage.cast.ada, account);
    await page.getByRole('button', { name: 'Set up' }).click();
    const secret = await page.getByLabel('Secret', { exact: true }).inputValue();
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `setting up a second factor, ${colorScheme}`);
    }
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret));
    await page.getByLabel('Your password').fill(password);
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('heading', { name: 'Your second factor is on' }).waitFor();
    await expectAccessible(page, 'recovery codes');
    expect(await page.locator('.codes code').count()).toBe(10);

    const other = await stage.open(null, '/signin?next=/installed');
    await other.getByLabel('E-mail address').fill(stage.cast.ada.email);
    await other.getByLabel('Password').fill(password);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.waitForURL('**/signin/code?next=%2Finstalled');
    await expectAccessible(other, 'second step');
    await other.getByLabel('Code', { exact: true }).fill(codeOf(secret, 1));
    await other.keyboard.press('Enter');
    await other.waitForURL('**/installed');
    expect(await other.getByRole('button', { name: 'Account: Ada' }).isVisible()).toBe(true);
  });

  it('gets new recovery codes, by keyboard, also on a phone', async () => {
    const { secret, codes } = await turnOnFactor(stage, stage.cast.ben);
    const page = await stage.open(stage.cast.ben, account, { viewport: { width: 390, height: 900 } });
    await page.getByRole('link', { name: 'New recovery codes' }).press('Enter');
    await page.getByLabel('Your password').fill(password);
    await page.getByLabel('Code', { exact: true }).fill(codes[0] ?? '');
    await page.keyboard.press('Enter');
    await page.locator('#code[aria-invalid=true]').waitFor();
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `new recovery codes with a message, ${colorScheme}`);
    }
    await page.getByLabel('Your password').fill(password);
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, 1));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your new recovery codes' }).waitFor();
    await expectAccessible(page, 'the new recovery codes');
    expect(await page.locator('.codes code').count()).toBe(10);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await page.getByRole('link', { name: 'I have kept them' }).click();
    await page.getByText('10 recovery codes left').waitFor();
  });
});

it('the pages for a forgotten password are accessible', async () => {
  for (const colorScheme of schemes) {
    const page = await stage.open(null, '/signin', { colorScheme });
    await page.getByRole('link', { name: 'Forgot password?' }).click();
    await page.getByRole('heading', { name: 'Forgot password' }).waitFor();
    await expectAccessible(page, `forgot password, ${colorScheme}`);
  }
});
