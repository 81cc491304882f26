import { createServer, type Server } from 'node:http';
import { sql } from 'drizzle-orm';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { useStage } from '../e2e/support.ts';
import type { Json } from '../support/app.ts';
import { freePort } from '../support/ports.ts';
import { figure, tries } from './measure.ts';

// Hostile texts in everything that people, services and documents can name, on every page, in a real browser.

const port = await freePort();
const hub = useStage({ env: { ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${port}` } });
const hostile = [
  '"><pb-marker>x</pb-marker><img src=x onerror=document.title="taken">',
  "'><pb-marker x='",
  '</script><pb-marker><script>document.title="taken"</script>',
  '</title></textarea></style><pb-marker>',
  '<svg onload=document.title="taken"><pb-marker>',
  '" onmouseover="document.title=1" autofocus onfocus="document.title=1" pb-marker="',
  '{{7*7}}<%= 7*7 %>#{7*7}<pb-marker>',
  '<a href="javascript:document.title=1">x</a><pb-marker>',
  '<form action=https://evil.example><input name=csrf><pb-marker>',
  '&lt;pb-marker&gt;&#60;pb-marker&#62;<pb-marker\u00a0>',
];
const links = [
  'javascript:document.title="taken"',
  'JaVaScRiPt:alert(1)',
  'data:text/html,<pb-marker>',
  'vbscript:x',
  '\tjavascript:alert(1)',
  '//evil.example',
];
let count = 0;
const text = () => `${hostile[count++ % hostile.length]}`;
const link = () => links[count++ % links.length] as string;

/** 200 schemas and answers, each with hostile texts in every place that a form could show. */
const schemas = (): Json[] =>
  Array.from({ length: Math.max(tries(200), 80) }, (_, at) => {
    const value = [text(), link()][at % 2];
    const words = {
      title: text(),
      description: text(),
      default: value,
      examples: [text()],
      'x-placeholder': text(),
      'x-help-url': link(),
    };
    const kinds: Json[] = [
      { type: 'string', ...words },
      { type: 'string', ...words, enum: [value, text(), 'plain'] },
      { type: 'string', ...words, format: text(), pattern: text() },
      {
        type: 'array',
        title: text(),
        description: text(),
        items: { type: 'object', properties: { [text()]: { type: 'string', ...words } } },
      },
      { type: 'object', title: text(), description: text(), additionalProperties: { type: 'string', ...words } },
      {
        oneOf: [
          { title: text(), type: 'object', properties: { a: { const: value } } },
          { title: text(), type: 'string' },
        ],
      },
      {
        type: 'string',
        ...words,
        options: { infoText: text() },
        links: [{ href: link(), rel: text() }],
        headerTemplate: text(),
      },
      { type: 'number', title: text(), description: text(), default: text() },
    ];
    return kinds[at % kinds.length];
  });

/** An OpenAPI document whose every word is hostile, 10 fields to an operation. */
function described() {
  const all = schemas();
  const paths: Json = {};
  for (let at = 0; at * 10 < all.length; at++) {
    const parameters = all.slice(at * 10, at * 10 + 10).map((schema, index) => ({
      ...{ name: index % 3 ? `field${index}` : `f${index}"><pb-marker>`, in: 'query', description: text(), schema },
    }));
    const operation = {
      operationId: `operation${at}`,
      summary: text(),
      description: text(),
      tags: [text()],
      parameters,
      responses: {},
    };
    paths[`/things/${at}`] = { get: { ...operation, externalDocs: { url: link(), description: text() } } };
  }
  return {
    openapi: '3.1.0',
    info: { title: text(), description: text(), version: '1', contact: { url: link() } },
    paths,
  };
}

let service: Server;
beforeAll(async () => {
  const served = JSON.stringify(described());
  service = createServer((request, response) => {
    const asked = request.url?.startsWith('/openapi.json');
    response.writeHead(asked ? 200 : 418, { 'content-type': 'application/json', 'x-request-id': 'a' });
    response.end(
      asked ? served : JSON.stringify({ message: text(), error: { message: text(), code: text() }, link: link() }),
    );
  });
  await new Promise<void>((resolve) => service.listen(port, '127.0.0.1', resolve));
}, 60_000);
afterAll(() => {
  service.closeAllConnections();
  service.close();
});

const ids: Record<string, string[]> = {};
const keep = (noun: string, id: unknown) => {
  if (typeof id === 'string') ids[noun] = [...(ids[noun] ?? []), id];
};
const ask = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await hub.as(hub.cast.ada, method, path, body);
  return answer.json().catch(() => ({}));
};

async function fill() {
  const { ada } = hub.cast;
  await withConnection(hub.database.admin, async (db) => {
    await db`update users set name = ${`Ada ${text()}`} where id = ${ada.id}`;
    await db`update users set name = ${`Ben ${text()}`} where id = ${hub.cast.ben.id}`;
    await db`update organizations set name = ${`Northwind ${text()}`} where id = ${ada.tenantId}`;
  });
  const base_url = `http://127.0.0.1:${port}`;
  for (let at = 0; at < hostile.length; at++) {
    const name = `${at} ${text()}`;
    const made = {
      catalog_key: 'http-api',
      name,
      config: { base_url },
      auth: { method: 'none' },
      tags: [text().slice(0, 50)],
    };
    const { id } = await ask('POST', '/api/connectors', made);
    keep('connectors', id);
    await ask('PATCH', `/api/connectors/${id}/status`, { status: 'active' });
    await ask('POST', `/api/connectors/${id}/test`);
    const run = { connector_id: id, arguments: { method: 'GET', path: `/${encodeURIComponent(text())}` } };
    keep('executions', (await ask('POST', '/api/tools/http-api.request/execute', run)).execution_id);
    keep('api-keys', (await ask('POST', '/api/api-keys', { name, role: 'member', scopes: ['catalog:read'] })).id);
  }
  const [first] = ids.connectors ?? [];
  const preview = await ask('POST', `/api/connectors/${first}/operations/preview`, { url: `${base_url}/openapi.json` });
  const operations = (preview.operations ?? []).map(({ slug }: Json) => slug);
  const taken = await ask('PUT', `/api/connectors/${first}/operations`, {
    url: `${base_url}/openapi.json`,
    operations,
  });
  expect([operations.length > 5, taken.code]).toEqual([true, undefined]);
  const rows = await hub.database.db.asTenant(ada.tenantId, (tx) => tx.execute(sql`select id from connections`));
  for (const { id } of rows) {
    keep('connections', id);
    await ask('GET', `/api/connections/${id}/health?refresh=true`);
  }
  await ask('POST', '/api/prices', { model: text(), input_usd: '1', output_usd: '2' });
  await ask('POST', '/api/webhooks', {
    url: `https://slack.com/${encodeURIComponent(text())}`,
    events: ['connection.expired'],
  });
  return { first, operations: operations as string[] };
}

/** What hostile texts would leave behind if one of them was taken for more than text. */
const marks = (page: Page) =>
  page.evaluate(() => ({
    elements: document.querySelectorAll(
      'pb-marker, [pb-marker], img[src="x"], [onerror], [onload], [onfocus], [onmouseover], script:not([src])',
    ).length,
    links: [...document.querySelectorAll('[href], [action], [formaction], [src], [hx-get], [hx-post]')].filter((each) =>
      ['href', 'action', 'formaction', 'src', 'hx-get', 'hx-post'].some((name) =>
        /^\s*(javascript|vbscript|data:text)|evil\.example/i.test(each.getAttribute(name) ?? ''),
      ),
    ).length,
    title: document.title,
    shown: document.documentElement.outerHTML.includes('pb-marker'),
  }));

it('every page shows them as text', { timeout: 900_000 }, async () => {
  const { first, operations } = await fill();
  const paths = hub.declared.pages
    .filter(
      ({ method, role, path }) =>
        method === 'get' && role !== 'operator' && !/callback|:slug|\/sso|webhook\/|export|\.csv/.test(path),
    )
    .flatMap(({ path }) => {
      const noun = /([\w-]+)\/:/.exec(path)?.[1] ?? '';
      return (path.includes(':') ? (ids[noun] ?? [first]).slice(0, 3) : ['']).map((id) =>
        path.replace(/:\w+/, String(id)).replace(/:\w+/, 'http-api.request'),
      );
    });
  const found = encodeURIComponent(hostile[0] ?? '');
  const searches = ['/catalog', '/installed', '/activity', '/usage', '/signin', '/nothing'].map(
    (path) => `${path}?q=${found}&next=${found}&error=${found}&status=${found}`,
  );
  const tools = operations.map((slug) => `/connectors/${first}/tools/${encodeURIComponent(slug)}`);
  const page = await hub.open(hub.cast.ada, '/installed');
  const wrong: string[] = [];
  let [visited, showing] = [0, 0];
  for (const path of new Set([...paths, ...searches, ...tools])) {
    await withConnection(hub.database.admin, (db) => db`delete from rate_limits`);
    const answer = await page.goto(hub.url + path, { waitUntil: 'load' }).catch(() => null);
    if (!answer || !(answer.headers()['content-type'] ?? '').startsWith('text/html')) continue;
    visited += 1;
    const { elements, links: bad, title, shown } = await marks(page);
    if (shown) showing += 1;
    if (elements || bad || title === 'taken' || title === '1')
      wrong.push(`${path}: ${elements} elements, ${bad} links, ${title}`);
  }
  const violations = hub.complaints.filter((each) => /Content Security Policy|Refused|evil/.test(each));
  // What the stage complains about besides, such as an error that a made-up address gives, is no part of this.
  hub.complaints.splice(0);
  figure(
    `${wrong.length} of ${visited} pages (${showing} with hostile texts, ${tools.length} forms of hostile schemas) took one for more than text, ${violations.length} violations`,
  );
  expect(wrong).toEqual([]);
  expect(violations).toEqual([]);
  expect(showing).toBeGreaterThan(20);
});
