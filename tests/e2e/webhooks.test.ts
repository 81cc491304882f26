import type { Page } from 'playwright';
import { expect, it } from 'vitest';
import { announced, dialog } from './steps.ts';
import { expectAccessible, useStage } from './support.ts';

const hub = useStage();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });

it('a webhook is made, shown with its secret once, tried, given a new secret and deleted', async () => {
  const page = await hub.open(hub.cast.dan, '/settings/webhooks');
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
  await expectAccessible(page, 'the empty list');
  await link(page, 'Create webhook').click();
  await expectAccessible(page, 'the form');
  await button(page, 'Create webhook').click();
  await page.getByText('One field needs your attention').waitFor();
  await expectAccessible(page, 'the refused form');
  await page.getByLabel('Address', { exact: true }).fill('https://localhost:8443/hooks');
  await button(page, 'Create webhook').click();
  const secret = await page.getByLabel('signing secret', { exact: true }).inputValue();
  expect(secret).toMatch(/^whsec_/);
  await expectAccessible(page, 'the new secret');

  await hub.visit(page, '/settings/webhooks');
  await expectAccessible(page, 'the list');
  await page.getByRole('link', { name: 'Open' }).click();
  expect(await page.content()).not.toContain(secret);
  await button(page, 'Send test').click();
  await page.getByRole('row').filter({ hasText: 'webhook.test' }).getByText('Failed').waitFor();
  expect((await announced(page)).join()).toContain('localhost:8443 did not take the test message.');
  await expectAccessible(page, 'the deliveries');

  await link(page, 'New secret').click();
  await dialog(page).getByText('Make a new signing secret?').waitFor();
  await expectAccessible(page, 'the question');
  await button(page, 'Make a new secret').click();
  expect(await page.getByLabel('signing secret', { exact: true }).inputValue()).not.toBe(secret);

  await link(page, 'Delete').click();
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
});
