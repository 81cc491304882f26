import { afterAll, afterEach, beforeAll, it } from 'vitest';
import { startComposio } from '../sandbox/composio.ts';
import { wiring } from '../sandbox/wiring.ts';
import { brokerKey } from '../support/broker.ts';
import { expectNoOverflow } from './appearance.ts';
import { expectAccessible, useStage } from './support.ts';

const broker = await startComposio();
const hub = useStage({ env: wiring({ composio: broker.url }) });
let connector = '';
beforeAll(async () => {
  const body = { catalog_key: 'composio', name: 'Broker', config: {}, auth: { method: 'api_key', api_key: brokerKey } };
  connector = (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  await hub.as(hub.cast.ada, 'PATCH', `/api/connectors/${connector}/status`, { status: 'active' });
});
afterAll(() => broker.close());
// The broker's own page is not ours, and a refused form is what a test asks for.
afterEach(() => {
  const ours = hub.complaints.filter((each) => !each.includes(broker.url) && !each.includes('422'));
  hub.complaints.splice(0, hub.complaints.length, ...ours);
});

it('connects one service by link and one by its key, and runs a tool', { timeout: 120_000 }, async () => {
  const page = await hub.open(hub.cast.ada, '/catalog?q=gmail');
  await expectAccessible(page, 'the catalog');
  await page.getByRole('link', { name: 'Connect Gmail' }).click();
  await page.getByRole('heading', { name: 'Connect Gmail' }).waitFor();
  await expectAccessible(page, 'the dialog');
  await page.setViewportSize({ width: 390, height: 800 });
  await expectNoOverflow(page, 'the dialog');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('heading', { name: 'Connect Gmail via Composio' }).waitFor();
  await page.getByRole('button', { name: /^Continue to/ }).click();
  await page.waitForURL(`${broker.url}/link/**`);
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.waitForURL(`${hub.url}/connectors/${connector}`);
  await page.getByText('ada@gmail.example').first().waitFor();
  await expectAccessible(page, 'the connector');
  await expectNoOverflow(page, 'the connector');

  await hub.visit(page, '/catalog?q=trello');
  await page.getByRole('link', { name: 'Connect Trello' }).click();
  await page.getByLabel('For').selectOption('me');
  await page.getByRole('textbox', { name: 'API key' }).fill('wrong-one');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('One field needs your attention').waitFor();
  await page.getByRole('textbox', { name: 'API key' }).fill('right-one');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('is connected.').waitFor();

  await hub.visit(page, '/connections');
  await expectAccessible(page, 'my connections');
  await expectNoOverflow(page, 'my connections');
  await hub.visit(page, `/connectors/${connector}/tools/trello.create_card`);
  await page.getByLabel('Title').fill('Buy milk');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('button', { name: 'Yes, run it' }).click();
  await page.getByText('Succeeded').waitFor();
});
