import type { Locator, Page } from 'playwright';
import { expect } from 'vitest';
import type { Json } from '../support/app.ts';
import type { Person } from '../support/cast.ts';
import type { Stage } from './support.ts';

// What people do and see, in their words.

/** The text of one element, as it reads: spaces and line breaks count as one space. */
export const said = async (part: Locator): Promise<string> => plain((await part.textContent()) ?? '');
/** The same for each element that there is at this moment. */
export const allSaid = async (parts: Locator): Promise<string[]> => (await parts.allTextContents()).map(plain);
const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

/** The dialog that is open over the page. */
export const dialog = (page: Page) => page.locator('#modal > dialog');

/** A control of the open form, by its name. */
export const field = (page: Page, name: string) => dialog(page).locator(`[name="${name}"]`);

/** The message beside a control. */
export const messageAt = (page: Page, name: string) =>
  field(page, name).locator('xpath=ancestor::*[contains(concat(" ", @class, " "), " f ")][1]').locator('.f-error');

/** What is announced at the moment. */
export const announced = (page: Page) => allSaid(page.locator('#toasts[aria-live=polite] [data-toast-text]'));

/** A catalog entry or an installed connector, by the name on its card. */
export const card = (page: Page, name: string): Locator =>
  page.locator('article.card').filter({ has: page.getByRole('heading', { name, exact: true }) });

export const installedCount = (page: Page) => said(page.locator('#installed-count'));

/** Follows a link or presses a button that leads to another page. */
export async function follow(to: Locator) {
  await Promise.all([to.page().waitForEvent('load'), to.click()]);
}

/** Opens the form to add an entry from the catalog that is on the page. */
export async function openAdd(page: Page, entry: string) {
  await card(page, entry).getByRole('link', { name: 'Add' }).click();
  await dialog(page)
    .getByRole('heading', { name: `Add ${entry}` })
    .waitFor();
}

/** Opens the form of an installed connector that is on the page. */
export async function openEdit(page: Page, name: string) {
  await page.getByRole('link', { name: `Configure ${name}` }).click();
  await dialog(page)
    .getByRole('heading', { name: `Configure ${name}` })
    .waitFor();
}

/** Chooses the way to authenticate. */
export const chooseMethod = (page: Page, label: string) =>
  dialog(page).locator('.seg label').filter({ hasText: label }).click();

/** Presses the button that sends the form. */
export const submit = (page: Page) => dialog(page).locator('button.btn.primary').click();

/** A page that was loaded anew forgets the mark. */
export const mark = (page: Page) => page.evaluate(() => document.documentElement.setAttribute('data-mark', 'kept'));
export const isMarked = (page: Page) =>
  page.evaluate(() => document.documentElement.getAttribute('data-mark') === 'kept');

export const slackToken = 'xoxb-not-a-real-token';

/** A Slack connector, made over the API. */
export async function slack(hub: Stage, person: Person, name: string, more: object = {}): Promise<Json> {
  const body = { catalog_key: 'slack', name, config: {}, auth: { method: 'token', access_token: slackToken }, ...more };
  const answer = await hub.as(person, 'POST', '/api/connectors', body);
  expect(answer.status).toBe(201);
  return answer.json();
}

/** The connector of this name as the API shows it. */
export async function connectorNamed(hub: Stage, person: Person, name: string): Promise<Json> {
  const { data } = await (await hub.as(person, 'GET', '/api/installed?limit=100')).json();
  return data.find((connector: Json) => connector.name === name);
}
