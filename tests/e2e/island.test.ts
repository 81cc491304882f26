import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { Json } from '../support/app.ts';
import { announced, connectorNamed, dialog, field, submit } from './steps.ts';
import { expectAccessible, soon, useStage } from './support.ts';

const hub = useStage();

const island = (page: Page, name: string) => dialog(page).getByRole('group', { name, exact: true });
const add = '/connectors/new?catalog_key=http-api';

async function openForm(path: string): Promise<Page> {
  const page = await hub.open(hub.cast.ada, path);
  await island(page, 'Query parameters').waitFor();
  return page;
}

const install = async (name: string): Promise<Json> => {
  const query = [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
    { name: 'c', value: '3' },
  ];
  const config = { base_url: 'https://api.example.com/v1', headers: { 'X-One': '1', 'X-Two': '2' }, query };
  const body = { catalog_key: 'http-api', name, config, auth: { method: 'none' } };
  return (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json();
};

async function fillRow(page: Page, group: string, list: string, name: string, value: string) {
  const row = island(page, list).getByRole('group', { name: group, exact: true });
  await row.getByLabel('Name').fill(name);
  await row.getByLabel('Value').fill(value);
}

describe('lists and maps in the form', () => {
  it('take rows that the API gives back', async () => {
    const page = await openForm(add);
    await field(page, 'name').fill('Rows');
    await field(page, 'config.base_url').fill('https://api.example.com/v1');
    await dialog(page).getByText('No authentication').click();
    await island(page, 'Headers').getByRole('button', { name: 'Add' }).click();
    await fillRow(page, 'Entry 1', 'Headers', 'X-Tenant', '<b>&"\'');
    for (const [index, name] of ['first', 'second', 'third'].entries()) {
      await island(page, 'Query parameters').getByRole('button', { name: 'Add parameter' }).click();
      await fillRow(page, `Parameter ${index + 1}`, 'Query parameters', name, `${index} 🙂 שלום`);
    }
    await submit(page);
    await soon(() => announced(page)).toHaveLength(1);
    expect((await connectorNamed(hub, hub.cast.ada, 'Rows')).config).toMatchObject({
      headers: { 'X-Tenant': '<b>&"\'' },
      query: ['first', 'second', 'third'].map((name, index) => ({ name, value: `${index} 🙂 שלום` })),
    });
  });

  it('are reordered and removed', async () => {
    const { id } = await install('Reordered');
    const page = await openForm(`/connectors/${id}/edit`);
    const query = island(page, 'Query parameters');
    await query.getByRole('button', { name: 'Move up: parameter 3' }).click();
    await query.getByRole('button', { name: 'Remove: parameter 1' }).click();
    await island(page, 'Headers').getByRole('button', { name: 'Remove: entry 1' }).click();
    await submit(page);
    await soon(() => announced(page)).toEqual(['Reordered was saved.']);
    expect((await connectorNamed(hub, hub.cast.ada, 'Reordered')).config).toMatchObject({
      headers: { 'X-Two': '2' },
      query: [
        { name: 'c', value: '3' },
        { name: 'b', value: '2' },
      ],
    });
  });

  it('show the server’s messages at their rows after the form came back, and are saved when corrected', async () => {
    const { id } = await install('Corrected');
    const page = await openForm(`/connectors/${id}/edit`);
    const name = island(page, 'Query parameters').getByRole('group', { name: 'Parameter 2' }).getByLabel('Name');
    await name.fill('');
    await field(page, 'name').fill('Corrected well');
    await submit(page);
    await soon(() => name.getAttribute('aria-invalid')).toBe('true');
    expect(await dialog(page).locator('.island').count()).toBe(2);
    await expectAccessible(page, 'the form that came back');
    await dialog(page)
      .getByRole('link', { name: /^Query parameters/ })
      .click();
    expect(await page.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
    await page.keyboard.type('bb');
    await soon(() => name.getAttribute('aria-invalid')).toBe(null);
    await submit(page);
    await soon(() => announced(page)).toEqual(['Corrected well was saved.']);
    expect((await connectorNamed(hub, hub.cast.ada, 'Corrected well')).config.query[1].name).toBe('bb');
  });

  it('are not lost by closing without a question', async () => {
    const { id } = await install('Guarded');
    const page = await hub.open(hub.cast.ada, '/installed');
    await page.getByRole('link', { name: 'Configure Guarded' }).click();
    await island(page, 'Query parameters').waitFor();
    await page.keyboard.press('Escape');
    await soon(() => dialog(page).count()).toBe(0);
    expect(await page.locator('.island').count()).toBe(0);
    await page.getByRole('link', { name: 'Configure Guarded' }).click();
    await island(page, 'Query parameters').getByRole('button', { name: 'Remove: parameter 1' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Discard your changes?' }).waitFor();
    await page.getByRole('button', { name: 'Keep editing' }).click();
    expect(await island(page, 'Query parameters').getByRole('group').count()).toBe(2);
    expect(id).toBeTruthy();
  });

  it('load their editor only where a form has one', async () => {
    const page = await hub.open(hub.cast.ada, '/catalog');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await hub.visit(page, '/connectors/new?catalog_key=slack');
    await dialog(page).waitFor();
    await page.waitForLoadState('networkidle');
    const ofEditor = () => asked.filter((url) => url.endsWith('/json-editor.js'));
    expect(ofEditor()).toEqual([]);
    await hub.visit(page, add);
    await island(page, 'Headers').waitFor();
    expect(ofEditor()).toHaveLength(1);
  });
});
