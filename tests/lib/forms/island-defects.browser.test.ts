import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../../src/lib/schema/json-schema.ts';
import { type Entry, formOf, useBrowser } from './support/in-browser.ts';

// Each defect of the stock editor, shown without our workaround and then with it, on an editor of its own in the page.

const browser = useBrowser();
const nothing: Entry = {
  key: 'defects',
  configSchema: { type: 'object', additionalProperties: false, properties: {} },
  authSchema: { type: 'object', additionalProperties: false, properties: {} },
};

/** An editor for this schema and value, with the workaround for one defect left out (or none). */
async function editorWith(schema: JsonSchema, value: unknown, without: string[]): Promise<Page> {
  const page = await browser.open(formOf(nothing));
  await page.evaluate(`(async () => {
    const at = document.querySelector('script[type=module]').src.replace('index.js', 'island/');
    const load = (name) => import(at + name);
    const { editorOn } = await load('editor.js');
    const { nodeOf } = await load('nodes.js');
    const { outward } = await load('values.js');
    const holder = document.body.appendChild(document.createElement('div'));
    const node = nodeOf(${JSON.stringify(schema)}, {});
    window.editor = editorOn(holder, node, ${JSON.stringify(value) ?? 'undefined'}, { '0.name': ['Wrong.'] }, ${JSON.stringify(without)});
    await window.editor.promise;
    window.told = () => JSON.stringify(outward(node, window.editor.root.getValue(), true));
    await new Promise((done) => window.editor.on('ready', done));
  })()`);
  return page;
}

const told = async (page: Page) => JSON.parse((await page.evaluate('window.told()')) as string);
const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  title: 'Entry',
  additionalProperties: false,
  properties,
  ...more,
});
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', title: 'Things', items });
const named: JsonSchema = { type: 'string', title: 'Name' };
const kinds = list({
  title: 'Entry',
  oneOf: [
    object({ kind: { const: 'a' }, name: named }, { required: ['kind'] }),
    object(
      { kind: { const: 'b' }, name: named, token: { type: 'string', title: 'Token' } },
      { required: ['kind', 'token'] },
    ),
  ],
});

interface Defect {
  defect: string;
  /** Defects whose workarounds hide this one; they are left in place for both tests. */
  beside?: string[];
  what: string;
  schema: JsonSchema;
  value: unknown;
  /** True where all is well. */
  well(page: Page): Promise<boolean>;
}

const defects: Defect[] = [
  {
    defect: 'a',
    beside: ['b'],
    what: 'strips what looks like markup from what is typed',
    schema: list(object({ name: named })),
    value: [{ name: '' }],
    async well(page) {
      await page.getByLabel('Name').fill('p<a>ss&amp;1 <b> a<b && c>d');
      await page.getByLabel('Name').blur();
      return (await told(page))[0].name === 'p<a>ss&amp;1 <b> a<b && c>d';
    },
  },
  {
    defect: 'b',
    what: 'parses titles as HTML',
    schema: list(object({ name: { type: 'string', title: 'A <i>name</i>' } })),
    value: [{ name: 'x' }],
    well: async (page) => (await page.getByLabel('A <i>name</i>').count()) === 1,
  },
  {
    defect: 'c',
    what: 'shows the constant that tells variants apart',
    schema: kinds,
    value: [{ kind: 'a' }],
    well: async (page) => (await page.getByLabel(/^kind/).locator('visible=true').count()) === 0,
  },
  {
    defect: 'd',
    what: 'shows secrets as they are typed',
    schema: list(object({ name: { ...named, 'x-secret': true } })),
    value: [{ name: 'x' }],
    well: async (page) => (await page.getByLabel('Name').getAttribute('type')) === 'password',
  },
  {
    defect: 'e',
    what: 'chooses what nobody chose',
    schema: list(object({ name: named, size: { type: 'string', title: 'Size', enum: ['s', 'm'] } })),
    value: [{ name: 'x' }],
    well: async (page) => (await told(page))[0].size === undefined,
  },
  {
    defect: 'f',
    what: 'drops the data of a variant that is not complete',
    schema: kinds,
    value: [{ kind: 'b', name: 'its token was withheld' }],
    well: async (page) => JSON.stringify(await told(page)).includes('"kind":"b","name":"its token'),
  },
  {
    defect: 'g',
    what: 'takes away the inputs of fields that a value lacks',
    schema: list(object({ name: named, other: { type: 'string', title: 'Other' } }, { required: ['name'] })),
    value: [{ name: 'x' }],
    well: async (page) => (await page.getByLabel('Other').count()) === 1,
  },
  {
    defect: 'h',
    what: 'gives fields of several variants one id',
    schema: kinds,
    value: [{ kind: 'a' }, { kind: 'b', token: 'x' }],
    async well(page) {
      await page.locator('.je-switcher').first().selectOption({ index: 1 });
      return (await page.evaluate(
        '(ids => new Set(ids).size === ids.length)([...document.querySelectorAll("input[id]")].map(({ id }) => id))',
      )) as boolean;
    },
  },
  {
    defect: 'i',
    what: 'judges by itself instead of showing what the server said',
    schema: list(object({ name: { ...named, pattern: '^x$' } }, { required: ['name'] })),
    value: [{ name: 'y' }],
    well: async (page) => (await page.locator('.f-error:visible').allTextContents()).join() === 'Wrong.',
  },
  {
    defect: 'j',
    what: 'ignores the order of fields',
    schema: list(object({ name: { ...named, 'x-order': 2 }, other: { type: 'string', title: 'Other', 'x-order': 1 } })),
    value: [{ name: 'x', other: 'y' }],
    well: async (page) => (await page.locator('.i-cell label').allTextContents()).join() === 'Other,Name',
  },
  {
    defect: 'k',
    what: 'never meets a condition on a field that is left at its default',
    schema: list(
      object({
        deep: { type: 'boolean', title: 'Deep', default: true },
        name: { ...named, 'x-visible-when': { field: 'deep', equals: true } },
      }),
    ),
    value: [{}],
    well: (page) => page.getByLabel('Name').isVisible(),
  },
];

describe.each(defects)('defect $defect: the stock editor $what', ({ defect, schema, value, well, beside = [] }) => {
  it('does so without our workaround', async () => {
    expect(await well(await editorWith(schema, value, [defect, ...beside]))).toBe(false);
  });

  it('does not with it', async () => {
    expect(await well(await editorWith(schema, value, beside))).toBe(true);
  });
});
