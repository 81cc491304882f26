import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { previewOperations, saveOperations } from '../../src/services/connectors/imported-operations.ts';
import { type TestApp, testApp } from '../support/app.ts';

const document = JSON.stringify({
  openapi: '3.1.0',
  info: { title: '<b>Orders</b>', version: '2' },
  paths: {
    '/orders': { get: { operationId: 'listOrders', summary: '<i>List</i>' }, post: { operationId: 'makeOrder' } },
    '/../up': { get: {} },
  },
});

let at: TestApp;
let id: string;
let path: string;
beforeAll(async () => {
  at = await testApp();
  const input = { name: 'Orders', tags: [], config: { base_url: 'https://orders.example' }, auth: { method: 'none' } };
  id = (await installConnector(at.ctx(at.cast.ada), 'http-api', input)).id;
  path = `/connectors/${id}/operations`;
});
afterAll(() => at.close());

const page = async (person = at.cast.ada, address = path) => (await at.as(person, 'GET', address)).text();
const send = async (address: string, fields: Record<string, string>, person = at.cast.ada) => {
  const answer = await at.post(person, address, fields);
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() };
};

describe('the page of imported operations', () => {
  it('is reached from the connector, and asks for a document', async () => {
    expect(await page(at.cast.ada, `/connectors/${id}`)).toContain(`href="${path}"`);
    expect(await page()).toContain('name="document"');
    const readOnly = await page(at.cast.ben);
    expect(readOnly).toContain('Only owners and admins can import operations.');
    expect(readOnly).not.toContain('name="document"');
    const empty = await send(`${path}/preview`, {});
    expect([empty.status, empty.html]).toEqual([
      422,
      expect.stringContaining('Paste an OpenAPI document, or enter its address.'),
    ]);
    const old = await send(`${path}/preview`, { document: '{"swagger":"2.0"}' });
    expect([old.status, old.html]).toEqual([422, expect.stringContaining('This is a Swagger 2.0 document.')]);
    expect(old.html).toContain('{&quot;swagger&quot;:&quot;2.0&quot;}');
    expect((await send(`${path}/preview`, { document }, at.cast.ben)).status).toBe(403);
  });

  it('shows what a document would become, as text, and saves what is ticked', async () => {
    const { status, html } = await send(`${path}/preview`, { document });
    expect(status).toBe(200);
    expect(html).toContain('&lt;b&gt;Orders&lt;/b&gt; · 2');
    expect(html).toContain('&lt;i&gt;List&lt;/i&gt;');
    expect(html).toContain('Its path is none below the base URL.');
    expect(html.match(/name="operations" value="\w+" checked/g)).toHaveLength(2);
    const digest = /name="digest" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const wrong = await send(path, { _method: 'PUT', document, digest: 'another', operations: 'make_order' });
    expect([wrong.status, wrong.html]).toEqual([
      422,
      expect.stringContaining('The document has changed since you looked at it.'),
    ]);
    expect(wrong.html.match(/name="operations" value="\w+" checked/g)).toEqual([
      'name="operations" value="make_order" checked',
    ]);
    const saved = await send(path, { _method: 'PUT', document, digest, operations: 'list_orders' });
    expect([saved.status, saved.location]).toEqual([303, `/connectors/${id}`]);
    expect(await page(at.cast.ben, `/connectors/${id}`)).toContain(`/connectors/${id}/tools/orders.list_orders`);
    const events = await at.as(at.cast.ada, 'GET', '/api/audit?action=connector.operations_imported');
    expect((await events.json()).data[0].details).toEqual({ added: ['list_orders'], removed: [], count: 1 });
  });

  it('has a form to try each, with the field of its schema', async () => {
    const withBody = JSON.parse(document);
    withBody.paths['/orders'].post.requestBody = {
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              lines: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' } } } },
            },
          },
        },
      },
    };
    const ctx = at.ctx(at.cast.ada);
    const text = JSON.stringify(withBody);
    expect((await previewOperations(ctx, id, { document: text })).operations).toHaveLength(2);
    await saveOperations(ctx, id, { document: text, operations: ['make_order'] });
    const trial = await page(at.cast.ben, `/connectors/${id}/tools/orders.make_order`);
    expect(trial).toContain('name="arguments.body.lines"');
    expect(trial).toContain('data-island');
    const refused = await send(
      `/connectors/${id}/tools/orders.make_order/executions`,
      { 'arguments.body.lines': '[{"sku": 7}]' },
      at.cast.ben,
    );
    expect([refused.status, refused.html]).toEqual([422, expect.stringContaining('Enter text.')]);
    expect((await at.as(at.cast.ben, 'GET', `/connectors/${id}/tools/orders.list_orders`)).status).toBe(404);
  });

  it('takes imported ones away without a document', async () => {
    const { status } = await send(path, { _method: 'PUT' });
    expect([status, (await (await at.as(at.cast.ada, 'GET', `/api/connectors/${id}/operations`)).json()).data]).toEqual(
      [303, []],
    );
  });
});
