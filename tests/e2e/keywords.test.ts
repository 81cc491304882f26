import type { Locator, Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../src/drivers/check.ts';
import type { LoadedDriver } from '../../src/drivers/driver.ts';
import { oauth } from '../../src/drivers/github/oauth.ts';
import type { JsonSchema } from '../../src/lib/schema/json-schema.ts';
import { announced, connectorNamed, dialog, field, messageAt, said, submit } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

// Every keyword of ours in one entry: as fields of the form, and once more in the rows of a list.

const help = 'https://docs.example.com/code';
const text = (title: string, more: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  title,
  maxLength: 200,
  ...more,
});

/** Keywords that mean the same in a form and in a row. */
const shared: Record<string, JsonSchema> = {
  note: text('Note', { 'x-multiline': true, 'x-order': 4 }),
  code: text('Code', {
    description: 'From the settings page.',
    pattern: '^C[0-9]{3}$',
    'x-order': 1,
    'x-placeholder': 'C123',
    'x-help-url': help,
    'x-warning': 'Shown to everyone.',
    'x-pattern-hint': 'be a C and three digits',
  }),
  size: text('Size', { enum: ['s', 'l'], 'x-enum-titles': ['Small', 'Large'], default: 'l', 'x-order': 2 }),
  width: text('Width', { 'x-visible-when': { field: 'size', equals: 'l' }, 'x-order': 3 }),
  city: text('City', { 'x-group': 'Place', 'x-order': 5 }),
  street: text('Street', { 'x-group': 'Place', 'x-order': 6 }),
  region: text('Region', { 'x-group': 'Advanced', 'x-order': 7 }),
  zone: text('Zone', { 'x-group': 'Advanced', pattern: '^z', 'x-pattern-hint': 'begin with z', 'x-order': 8 }),
};
const closed = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...more,
});
const rows: JsonSchema = {
  type: 'array',
  title: 'Rows',
  maxItems: 9,
  items: closed(shared, { title: 'Row' }),
  'x-order': 9,
};

const driver: LoadedDriver = {
  oauth,
  entry: {
    key: 'keywords',
    name: 'Keywords',
    description: 'Has them all.',
    category: 'Developer',
    aliases: [],
    authType: 'oauth',
    authMethods: ['oauth2'],
    capabilities: { tools: 0 },
    configSchema: closed({ ...shared, rows }),
    authSchema: {
      type: 'object',
      required: ['method'],
      discriminator: { propertyName: 'method' },
      oneOf: [
        closed(
          {
            method: { type: 'string', const: 'oauth2' },
            redirect_uri: text('Redirect address', { 'x-readonly': true, readOnly: true }),
            client_secret: text('Client secret', { 'x-secret': true }),
          },
          { title: 'App', required: ['method', 'client_secret'] },
        ),
      ],
    },
    schemaVersion: 1,
  },
  fieldDocs: {},
  destinations: () => ['https://api.example.com'],
  needsConnection: () => false,
  icon: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>',
};

const hub = useStage({ drivers: [driver] });
const secret = 'not-a-real-secret';

async function install(name: string, config: object): Promise<string> {
  const body = { catalog_key: 'keywords', name, config, auth: { method: 'oauth2', client_secret: secret } };
  const answer = await hub.as(hub.cast.ada, 'POST', '/api/connectors', body);
  expect(answer.status).toBe(201);
  return (await answer.json()).id;
}

async function openEdit(name: string, config: object): Promise<Page> {
  const page = await hub.open(hub.cast.ada, `/connectors/${await install(name, config)}/edit`);
  await row(page, 1).waitFor();
  return page;
}

const form = (page: Page) => dialog(page);
const row = (page: Page, number: number) => dialog(page).getByRole('group', { name: `Row ${number}`, exact: true });

/** A control by its label, in the form itself or in a row. */
const control = (within: Locator, label: string) => within.getByLabel(label, { exact: true });
const top = (page: Page, key: string) => field(page, `config.${key}`);

/** The texts that a control is described by. */
const describedBy = (part: Locator) =>
  part.evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent?.trim()),
  );

/** Labels of controls in the order of the page. */
const order = (within: Locator) =>
  within.evaluate((element) =>
    [...element.querySelectorAll('input, select, textarea')]
      .map((input) => (input as HTMLInputElement).labels?.[0]?.textContent?.trim())
      .filter((label) => /^(Note|Code|Size|Width|City|Street|Region|Zone)$/.test(label ?? '')),
  );

const inOrder = ['Code', 'Size', 'Width', 'Note', 'City', 'Street', 'Region', 'Zone'];

it('the entry is fit to use', () => {
  expect(problemsOf('keywords', driver, driver.icon)).toEqual([]);
});

describe('in the form', () => {
  it('x-secret and x-readonly: sealed and never shown, computed and never taken', async () => {
    const page = await openEdit('Sealed', { rows: [{}] });
    expect(await form(page).locator('input[data-secret]').getAttribute('type')).toBe('password');
    expect(await page.content()).not.toContain(secret);
    const computed = control(form(page), 'Redirect address');
    expect(await computed.inputValue()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/.*callback/);
    expect([await computed.getAttribute('readonly'), await computed.getAttribute('name')]).toEqual(['', null]);
    const stored = await connectorNamed(hub, hub.cast.ada, 'Sealed');
    expect(stored.auth.client_secret).toMatchObject({ is_set: true });
  });

  it('x-order, x-multiline, x-placeholder, x-enum-titles, x-help-url and x-warning', async () => {
    const page = await openEdit('Shown', { rows: [{}] });
    const names = await form(page)
      .locator('[name^="config."]')
      .evaluateAll((controls) => controls.map((one) => (one as HTMLInputElement).name.slice('config.'.length)));
    expect(names).toEqual(['code', 'size', 'width', 'note', 'rows', 'city', 'street', 'region', 'zone']);
    expect(await top(page, 'note').evaluate((element) => element.tagName)).toBe('TEXTAREA');
    expect(await top(page, 'code').getAttribute('placeholder')).toBe('C123');
    expect(await top(page, 'size').locator('option').allTextContents()).toEqual(['Default (Large)', 'Small', 'Large']);
    expect(await describedBy(top(page, 'code'))).toEqual(['From the settings page.', 'Shown to everyone.']);
    const link = form(page).getByRole('link', { name: 'Learn more about Code (opens in a new tab)' }).first();
    expect([await link.getAttribute('href'), await link.getAttribute('target')]).toEqual([help, '_blank']);
  });

  it('x-visible-when and x-group: shown when they count', async () => {
    const page = await openEdit('Grouped', { rows: [{}] });
    expect(await top(page, 'width').isVisible()).toBe(true);
    await top(page, 'size').selectOption({ label: 'Small' });
    expect(await top(page, 'width').isVisible()).toBe(false);
    const place = form(page)
      .locator('fieldset.f-group')
      .filter({ has: page.locator('[name="config.city"]') })
      .last();
    expect(await said(place.locator('legend').first())).toBe('Place');
    expect(await place.locator('[name="config.street"]').count()).toBe(1);
    expect(await top(page, 'zone').isVisible()).toBe(false);
    await form(page).locator('.f-fold > summary').click();
    expect(await top(page, 'zone').isVisible()).toBe(true);
  });

  it('x-pattern-hint: says what is expected', async () => {
    const page = await openEdit('Hinted', { rows: [{}] });
    await top(page, 'code').fill('wrong');
    await submit(page);
    await soon(() => messageAt(page, 'config.code').allTextContents()).toEqual(['Must be a C and three digits.']);
  });
});

describe('in the rows of a list', () => {
  it('x-order, x-multiline, x-placeholder, x-enum-titles, x-help-url and x-warning', async () => {
    const page = await openEdit('Row shown', { rows: [{ note: 'one' }] });
    const first = row(page, 1);
    expect(await order(first)).toEqual(inOrder);
    expect(await control(first, 'Note').evaluate((element) => element.tagName)).toBe('TEXTAREA');
    expect(await control(first, 'Code').getAttribute('placeholder')).toBe('C123');
    expect(await control(first, 'Size').locator('option').allTextContents()).toEqual([
      'Default (Large)',
      'Small',
      'Large',
    ]);
    expect(await describedBy(control(first, 'Code'))).toEqual(['From the settings page.', 'Shown to everyone.']);
    const link = first.getByRole('link', { name: 'Learn more about Code (opens in a new tab)' });
    expect([await link.getAttribute('href'), await link.getAttribute('rel')]).toEqual([
      help,
      'noopener noreferrer external',
    ]);
    await expectAccessible(page, 'a row with every keyword');
  });

  it('x-visible-when: also by a default, and what is hidden is not sent', async () => {
    const page = await openEdit('Row conditions', { rows: [{ code: 'C001' }] });
    const first = row(page, 1);
    expect(await control(first, 'Width').isVisible()).toBe(true);
    await control(first, 'Width').fill('3');
    await control(first, 'Size').selectOption({ label: 'Small' });
    expect(await control(first, 'Width').isVisible()).toBe(false);
    await submit(page);
    await soon(() => announced(page)).toEqual(['Row conditions was saved.']);
    const { config } = await connectorNamed(hub, hub.cast.ada, 'Row conditions');
    expect(config.rows).toEqual([{ code: 'C001', size: 's' }]);
  });

  it('x-group: a heading for what belongs together, and “Advanced” folds away unless it is set', async () => {
    const page = await openEdit('Row groups', { rows: [{ region: 'north' }, { city: 'Bern' }] });
    const place = row(page, 2).getByRole('group', { name: 'Place', exact: true });
    expect(await control(place, 'City').inputValue()).toBe('Bern');
    expect(await control(place, 'Street').count()).toBe(1);
    expect(await control(place, 'Code').count()).toBe(0);
    expect(await control(row(page, 1), 'Region').isVisible()).toBe(true);
    expect(await control(row(page, 2), 'Region').isVisible()).toBe(false);
    await row(page, 2).locator('summary').focus();
    await page.keyboard.press('Enter');
    await control(row(page, 2), 'Region').fill('south');
    await submit(page);
    await soon(() => announced(page)).toEqual(['Row groups was saved.']);
    const { config } = await connectorNamed(hub, hub.cast.ada, 'Row groups');
    expect(config.rows).toEqual([{ region: 'north' }, { city: 'Bern', region: 'south' }]);
  });

  it('x-pattern-hint: says what is expected at the row, and opens what is folded', async () => {
    const page = await openEdit('Row hints', { rows: [{ code: 'C001' }, {}] });
    await control(row(page, 1), 'Code').fill('wrong');
    await row(page, 2).locator('summary').click();
    await control(row(page, 2), 'Zone').fill('wrong');
    await submit(page);
    const messageBeside = async (number: number, label: string) =>
      (await describedBy(control(row(page, number), label))).at(-1);
    await soon(() => messageBeside(1, 'Code')).toBe('Must be a C and three digits.');
    expect(await messageBeside(2, 'Zone')).toBe('Must begin with z.');
    expect(await control(row(page, 2), 'Zone').isVisible()).toBe(true);
    await expectAccessible(page, 'rows with messages');
  });

  it.each([
    ['x-secret', 'client_secret', 'a secret'],
    ['x-readonly', 'address', 'what the hub computes'],
  ])('%s is refused there, with the reason', (keyword, name, what) => {
    const items = closed({ [name]: text('Odd', { [keyword]: true }) }, { title: 'Row' });
    const entry = { ...driver.entry, configSchema: closed({ rows: { ...rows, items } }) };
    expect(problemsOf('keywords', { ...driver, entry }, driver.icon)).toEqual([
      `configSchema rows.items.${name}: no ${keyword} here; ${what} needs a path of its own.`,
    ]);
  });
});
