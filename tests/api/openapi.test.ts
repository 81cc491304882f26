import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusOf } from '../../src/errors.ts';
import { templateOf } from '../../src/routes/api/openapi.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { about, rowFor } from '../support/rows.ts';

let hub: TestApp;
let document: Json;
beforeAll(async () => {
  hub = await testApp();
  document = await (await hub.as(null, 'GET', '/openapi.json')).json();
});
afterAll(() => hub.close());

describe('/openapi.json', () => {
  it('has every operation of the app', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    const declared = hub.declared.operations.map(
      ({ operation }) => `${operation.method} ${templateOf(operation.path)}`,
    );
    const gateway = ['post /v1/chat/completions', 'post /v1/embeddings', 'get /v1/models'];
    const agents = ['post /mcp', 'post /oauth/register', 'post /oauth/token', 'post /oauth/revoke'];
    expect(described.sort()).toEqual([...declared, ...gateway, ...agents].sort());
  });

  it('names components as programs expect them, and refers to nothing that is not there', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        'ConnectorCatalogResponse',
        'ConnectorCreate',
        'ConnectorUpdate',
        'ConnectorResponse',
        'ConnectionCreate',
        'ConnectionUpdate',
        'ConnectionResponse',
        'HealthCheckResponse',
        'CreateConnectedAccountRequest',
        'InitiateOAuthRequest',
        'WaitOAuthRequest',
        'ConnectedAccountResponse',
        'ToolkitDetailsResponse',
        'ToolResponse',
        'Problem',
      ]),
    );
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, kind = '', name = ''] of references)
      expect(document.components[kind], `${kind}/${name}`).toHaveProperty(name);
  });

  it('tells role, security and the errors of each operation', () => {
    const known = new Set(Object.values(statusOf).map(String));
    const { '/mcp': agents, ...others } = document.paths;
    expect(agents.post.security).toEqual([{ api_key: [] }, { app: ['tools:read', 'tools:execute'] }]);
    for (const methods of Object.values(others) as Record<string, Record<string, unknown>>[])
      for (const operation of Object.values(methods)) {
        expect(operation['x-role']).toMatch(/^(public|member|admin|owner)$/);
        const byKeyAlone = operation['x-scope'] === 'llm:use';
        const people = operation['x-scope'] ? undefined : [{ session: [] }];
        expect(operation.security).toEqual(
          byKeyAlone ? [{ api_key: [] }] : operation['x-role'] === 'public' ? [] : people,
        );
        const problems = Object.keys(operation.responses as object).filter((status) => Number(status) >= 400);
        expect(problems.every((status) => known.has(status))).toBe(true);
      }
  });

  it('takes limit and cursor at every list, as far as it says', { timeout: 120_000 }, async () => {
    const lists = hub.declared.operations.filter(
      ({ operation }) => operation.method === 'get' && operation.response?.properties?.data?.type === 'array',
    );
    expect(lists.length).toBeGreaterThan(20);
    for (const { operation } of lists) {
      const id = operation.path.includes('/organizations/') ? hub.cast.ada.tenantId : await rowFor(hub, operation.path);
      const ask = (query: string) => hub.as(hub.cast.ada, 'GET', `${operation.path.replace(':id', id)}?${query}`);
      const { parameters } = document.paths[templateOf(operation.path)].get;
      const { schema } = parameters.find(({ name }: Json) => name === 'limit');
      for (const limit of [schema.minimum, schema.maximum]) {
        const answer = await ask(`limit=${limit}`);
        if (answer.status === 409) continue; // a service that has none of these
        expect([answer.status, limit], operation.path).toEqual([200, limit]);
        expect(await answer.json(), operation.path).toHaveProperty('next_cursor');
      }
      expect((await ask(`limit=${schema.maximum + 1}`)).status, operation.path).toBe(422);
      expect((await ask('cursor=nonsense')).status, operation.path).toBe(422);
    }
    const [first] = [await (await hub.as(hub.cast.ada, 'GET', '/api/members?limit=1')).json()];
    const rest = await (await hub.as(hub.cast.ada, 'GET', `/api/members?cursor=${first.next_cursor}`)).json();
    const all = await (await hub.as(hub.cast.ada, 'GET', '/api/members')).json();
    expect([...first.data, ...rest.data]).toEqual(all.data);
    expect([first.data.length, rest.next_cursor]).toEqual([1, null]);
  });

  it('describes what the app answers to its own examples', { timeout: 120_000 }, async () => {
    const ajv = formats.default(new Ajv2020({ strict: false }));
    ajv.addSchema({ $id: 'hub', ...document });
    const rows = new Map<string, string>();
    const order = ['get', 'post', 'put', 'patch', 'delete'];
    const operations = hub.declared.operations
      .filter(({ operation }) => operation.tag !== 'Sign-in')
      .sort((a, b) => order.indexOf(a.operation.method) - order.indexOf(b.operation.method));
    for (const { operation } of operations) {
      const { params = {}, query = {}, body } = operation.example;
      const own = /\/(rotate|rollback|revoke|operations|preview)$/.test(operation.path);
      const kind = own ? operation.path : operation.path.replace(/(\/:\w+).*/, '$1');
      const id = rows.get(kind) ?? (await rowFor(hub, kind));
      rows.set(kind, id);
      const path = operation.path.replace(/:(\w+)/g, (_all, name: string) =>
        name === 'id' ? id : (params[name] ?? ''),
      );
      const response = await hub.as(
        hub.cast.ada,
        operation.method.toUpperCase(),
        `${path}?${new URLSearchParams(query)}`,
        about(body, id),
      );
      // Where services would be there is nothing here.
      const expected = operation.status === 'service' ? 502 : operation.status;
      expect([operation.id, response.status]).toEqual([operation.id, expected]);
      if (!operation.response) continue;
      const pointer = `hub#/paths/${operation.path.replace(/:(\w+)/g, '{$1}').replaceAll('/', '~1')}/${operation.method}/responses/${operation.status}/content/application~1json/schema`;
      const check = ajv.getSchema(encodeURI(pointer));
      expect(check, pointer).toBeDefined();
      check?.(await response.json());
      expect([operation.id, check?.errors]).toEqual([operation.id, null]);
    }
  });
});
