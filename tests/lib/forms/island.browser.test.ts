import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { FieldErrors } from '../../../src/errors.ts';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { type Entry, formOf, useBrowser } from './support/in-browser.ts';

const text = (title: string, more: JsonSchema = {}): JsonSchema => ({ type: 'string', title, ...more });
const closed = (title: string, properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema => ({
  type: 'object',
  title,
  additionalProperties: false,
  required,
  properties,
});

const route = closed(
  'Route',
  {
    path: text('Path', { minLength: 1, description: 'Where it leads.', 'x-placeholder': '/v1' }),
    kind: text('Kind', { enum: ['exact', 'prefix'], 'x-enum-titles': ['Exactly', 'Beginning with'] }),
    port: { type: 'integer', title: 'Port', 'x-order': -1 },
    deep: { type: 'boolean', title: 'Deep' },
    note: text('Note', { 'x-multiline': true, 'x-visible-when': { field: 'deep', equals: true } }),
    verbs: { type: 'array', title: 'Verbs', items: { type: 'string', enum: ['GET', 'PUT'] } },
    to: {
      title: 'Target',
      oneOf: [
        { ...closed('Host', { type: { const: 'host' }, name: text('Name') }, ['type']), title: 'A host' },
        { ...closed('File', { type: { const: 'file' }, name: text('Name') }, ['type']), title: 'A file' },
      ],
    },
  },
  ['path'],
);
const config = closed('Config', {
  routes: { type: 'array', title: 'Routes', items: route, maxItems: 4 },
  headers: { type: 'object', title: 'Headers', additionalProperties: text('Value') },
  tree: { $ref: '#/$defs/tree' },
});
config.$defs = {
  tree: closed('Tree', {
    label: text('Label'),
    children: { type: 'array', title: 'Children', items: { $ref: '#/$defs/tree', title: 'Child' } },
  }),
};

const entry: Entry = { key: 'island', configSchema: config, authSchema: closed('Nothing', {}) };
const browser = useBrowser();
const value = {
  routes: [
    {
      path: '<a href="&amp;">',
      kind: 'prefix',
      port: 0,
      deep: false,
      verbs: ['PUT'],
      to: { type: 'file', name: "it's" },
    },
    { path: 'שלום 🙂', deep: true, note: 'one\ntwo' },
  ],
  headers: { 'X-A.B': '"', constructor: 'fine' },
  tree: { label: 'root', children: [{ label: 'leaf', children: [{ label: 'deeper' }] }] },
};

async function open(given: object = value, errors?: FieldErrors, theme: 'light' | 'dark' = 'light'): Promise<Page> {
  const page = await browser.open(formOf(entry, { config: given as Record<string, unknown>, auth: {}, errors, theme }));
  await expect.poll(() => page.locator('.island:visible').count(), { timeout: 10_000 }).toBe(3);
  return page;
}

const area = (page: Page, key: string) => page.locator(`textarea[name="config.${key}"]`);
const said = async (page: Page, key: string) => JSON.parse((await area(page, key).inputValue()) || 'null');
const island = (page: Page, name: string) => page.getByRole('group', { name, exact: true });

describe('the editor over a text area', () => {
  it('takes the place of the text area and changes nothing by being there', async () => {
    const page = await open();
    for (const key of ['routes', 'headers', 'tree'] as const) {
      expect(await area(page, key).isVisible()).toBe(false);
      expect(await area(page, key).inputValue()).toBe(JSON.stringify(value[key], null, 2));
    }
    expect(await page.getByRole('textbox', { name: 'Path' }).first().inputValue()).toBe('<a href="&amp;">');
  });

  it('adds, reorders and removes rows, with the focus where one goes on', async () => {
    const page = await open({ routes: [{ path: '/a' }, { path: '/b' }] });
    const routes = island(page, 'Routes');
    await routes.getByRole('button', { name: 'Add route' }).click();
    await page.keyboard.press('Tab');
    await page.keyboard.type('/c');
    expect(await said(page, 'routes')).toEqual([{ path: '/a' }, { path: '/b' }, { path: '/c' }]);
    await routes.getByRole('button', { name: 'Move up: route 3' }).press('Enter');
    expect(await said(page, 'routes')).toEqual([{ path: '/a' }, { path: '/c' }, { path: '/b' }]);
    const focused = () => page.evaluate('document.activeElement.getAttribute("aria-label")');
    expect(await focused()).toBe('Move up: route 2');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Move down: route 1');
    await routes.getByRole('button', { name: 'Remove: route 3' }).click();
    expect(await focused()).toBe('Remove: route 2');
    expect(await said(page, 'routes')).toEqual([{ path: '/c' }, { path: '/a' }]);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Add route');
    expect(await area(page, 'routes').inputValue()).toBe('');
  });

  it('keeps types, leaves out what is blank, and shows fields by their condition', async () => {
    const page = await open({ routes: [{ path: '/a' }] });
    const row = island(page, 'Route 1');
    await row.getByLabel('Port').fill('8080');
    await row.getByLabel('GET', { exact: true }).check();
    expect(await row.getByLabel('Note').isVisible()).toBe(false);
    await row.getByLabel('Deep').selectOption({ label: 'Yes' });
    await row.getByLabel('Note').fill('a\nb');
    await row.getByLabel('Kind', { exact: true }).selectOption({ label: 'Exactly' });
    await row.getByLabel('Kind of target').selectOption({ label: 'A file' });
    await row.getByLabel('Name', { exact: true }).fill('x');
    const full = { path: '/a', kind: 'exact', port: 8080, deep: true, note: 'a\nb', verbs: ['GET'] };
    expect(await said(page, 'routes')).toEqual([{ ...full, to: { type: 'file', name: 'x' } }]);
    await row.getByLabel('Port').fill('');
    await row.getByLabel('Kind', { exact: true }).selectOption({ label: 'Not set' });
    await row.getByLabel('GET', { exact: true }).uncheck();
    await row.getByLabel('Deep').selectOption({ label: 'No' });
    expect(await said(page, 'routes')).toEqual([{ path: '/a', deep: false, to: { type: 'file', name: 'x' } }]);
  });

  it('sends what was typed last, and a name that stands twice', async () => {
    const page = await open({ headers: { 'X-One': '1' } });
    const headers = island(page, 'Headers');
    await headers.getByRole('button', { name: 'Add entry' }).click();
    await island(page, 'Entry 2').getByLabel('Name').fill('X-One');
    await island(page, 'Entry 2').getByLabel('Value').fill('2');
    const sent = await browser.sent(page, () => page.keyboard.press('Enter'));
    expect(sent.get('config.headers')).toMatch(/^\{\s*"X-One": "1",\s*"X-One": "2"\s*\}$/);
    expect([...sent.keys()].filter((name) => /root|island/.test(name))).toEqual([]);
  });

  it('shows messages at the fields they are about until those change', async () => {
    const page = await open(value, {
      'config.routes.1.path': ['This field is required.'],
      'config.headers.X-A.B': ['Must be one line.'],
      'config.headers': ['Use fewer.'],
    });
    const path = island(page, 'Route 2').getByLabel('Path');
    expect(await path.getAttribute('aria-invalid')).toBe('true');
    const [help, message] = ((await path.getAttribute('aria-describedby')) ?? '').split(' ');
    expect(await page.locator(`#${help}`).textContent()).toBe('Where it leads.');
    expect(await page.locator(`#${message}`).textContent()).toBe('This field is required.');
    expect(await page.getByText('Must be one line.').locator('visible=true').count()).toBe(2);
    expect(await page.getByText('Use fewer.', { exact: true }).locator('visible=true').count()).toBe(1);

    await page.getByRole('link', { name: /Headers: Use fewer/ }).click();
    expect(await page.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    await page.keyboard.type('!');
    await expect.poll(() => page.getByText('Must be one line.').locator('visible=true').count()).toBe(1);
    expect(await path.getAttribute('aria-invalid')).toBe('true');
    await path.fill('/new');
    await expect.poll(() => path.getAttribute('aria-invalid')).toBe(null);
  });

  it('stays away from what it could not give back, and from text that is no JSON', async () => {
    const page = await browser.open(
      formOf(entry, {
        config: { routes: [{ path: 'a\nb' }], headers: { a: { b: 1 } }, tree: { label: 'x', more: 1 } },
        auth: {},
      }),
    );
    await page.waitForLoadState('networkidle');
    for (const key of ['routes', 'headers', 'tree']) expect(await area(page, key).isVisible()).toBe(true);
    expect(await page.locator('.island').count()).toBe(0);
    const broken = formOf(entry, { config: {}, auth: {}, rawValues: { 'config.routes': ['[{'] } });
    const again = await browser.open(broken);
    await expect.poll(() => again.locator('.island').count()).toBe(2);
    expect(await area(again, 'routes').inputValue()).toBe('[{');
    const twice = '{"a": "1", "a": "2"}';
    const doubled = await browser.open(
      formOf(entry, { config: {}, auth: {}, rawValues: { 'config.headers': [twice] } }),
    );
    await expect.poll(() => doubled.locator('.island').count()).toBe(2);
    expect(await area(doubled, 'headers').inputValue()).toBe(twice);
  });

  it('leaves the text area to somebody who is typing in it', async () => {
    const page = await browser.open(formOf(entry, { config: {}, auth: {} }), { javaScriptEnabled: true });
    await expect.poll(() => page.locator('.island').count()).toBe(3);
    await page.evaluate(`(() => {
      const field = document.querySelector('[data-island]').cloneNode(true);
      field.querySelector('.island').remove();
      const area = field.querySelector('textarea');
      area.hidden = false;
      document.querySelector('.fields').append(field);
      area.focus();
      document.dispatchEvent(new CustomEvent('htmx:after:swap', { detail: { ctx: {} } }));
    })()`);
    await page.keyboard.type('[{"path":"/a"}]');
    expect(await page.locator('.island').count()).toBe(3);
    await page.keyboard.press('Tab');
    await expect.poll(() => page.locator('.island').count()).toBe(4);
    expect(await page.getByLabel('Path').inputValue()).toBe('/a');
  });

  it('goes when its field goes', async () => {
    const page = await open();
    await page.evaluate('document.querySelector("dialog").remove()');
    await page.evaluate('document.body.click()');
    expect(await page.locator('.island').count()).toBe(0);
  });

  it.each(['light', 'dark'] as const)('has no violations, with errors and new rows, %s', async (theme) => {
    const page = await open(value, { 'config.routes.0.verbs': ['No.'], 'config.routes.1.path': ['No.'] }, theme);
    await island(page, 'Routes').getByRole('button', { name: 'Add route' }).click();
    await island(page, 'Headers').getByRole('button', { name: 'Add entry' }).click();
    const { violations } = await new AxeBuilder({ page: page as never }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(' '))])).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });
});
