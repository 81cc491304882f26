import { describe, expect, it } from 'vitest';
import { differences, matchOperations } from '../../src/lib/openapi/drift.ts';
import { operationsIn } from '../../src/lib/openapi/operations.ts';
import { type OpenApiError, readOpenApi } from '../../src/lib/openapi/read.ts';
import { readForeign } from '../../src/lib/schema/foreign-lint.ts';

type Tree = Record<string, unknown>;
const documentOf = (paths: Tree, schemas: Tree = {}, openapi = '3.1.0') =>
  JSON.stringify({ openapi, paths, components: { schemas } });
const posting = (schema: unknown) => ({
  '/x': { post: { requestBody: { content: { 'application/json': { schema } } } } },
});
const bodyOf = (text: string) => operationsIn(text).operations[0]?.input.properties?.body;
const reasonOf = (text: string) =>
  readOpenApi(text).then(
    () => '',
    (error: OpenApiError) => error.message,
  );

describe('hostile documents', () => {
  const level = (name: string, below: string) => `${name}: &${name} [${Array(9).fill(below).join(',')}]`;
  const names = [...'abcdefghi'];
  const bomb = `openapi: 3.0.0\n${names.map((name, index) => level(name, index ? `*${names[index - 1]}` : 'lol')).join('\n')}\npaths: *i`;
  const many = documentOf(
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`/p${index}`, { get: {} }])),
  );

  it.each([
    ['aliases that multiply', bomb, 'resource exhaustion'],
    ['10,000 operations', many, 'has 10,000 operations; 1,000 can be read'],
    ['deep nesting as YAML', `openapi: 3.0.0\npaths: ${'{a: '.repeat(20_000)}`, 'nested too deeply'],
    ['deep nesting as JSON', `{"openapi":"3.0.0","paths":${'['.repeat(200_000)}`, 'neither as JSON nor as YAML'],
    ['more than 5 MB', `# ${'x'.repeat(5 * 1024 * 1024)}`, 'larger than 5 MB'],
    ['Swagger 2.0', '{"swagger":"2.0","paths":{}}', 'This is a Swagger 2.0 document'],
    ['another version', 'openapi: 4.0.0', 'no such version'],
    ['a list', '- 1', 'no object'],
    ['nothing', ' ', 'empty'],
    ['no paths', 'openapi: 3.1.0', 'has no operations'],
  ])('with %s are refused in a sentence', { timeout: 60_000 }, async (_, text, reason) => {
    expect(await reasonOf(text)).toContain(reason);
  });

  it('that take too long cost only themselves', async () => {
    await expect(readOpenApi(many, { deadlineMs: 1 })).rejects.toThrow('too long or too much memory');
    expect((await readOpenApi(documentOf({ '/a': { get: {} } }))).operations).toHaveLength(1);
  });

  it('with references in circles and schemas that multiply come out small and fit for use', () => {
    const wide = (next: number) => ({
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [`k${index}`, { $ref: `#/components/schemas/s${next % 20}` }]),
      ),
    });
    const schemas = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`s${index}`, wide(index + 1)]));
    const paths = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`/p${index}`, posting({ $ref: '#/components/schemas/s0' })['/x']]),
    );
    const { operations, refused } = operationsIn(documentOf(paths, schemas));
    expect([operations.length, refused]).toEqual([100, []]);
    for (const { input, output } of operations)
      for (const schema of [input, output]) expect(readForeign(JSON.stringify(schema))).toHaveProperty('schema');
    const self = {
      type: 'object',
      properties: { parent: { $ref: '#/components/schemas/node' }, name: { type: 'string' } },
    };
    expect(bodyOf(documentOf(posting({ $ref: '#/components/schemas/node' }), { node: self }))).toEqual({
      ...{ title: 'Body', type: 'object' },
      properties: { parent: {}, name: { type: 'string' } },
    });
    const circle = { a: { $ref: '#/components/schemas/b' }, b: { $ref: '#/components/schemas/a' } };
    expect(operationsIn(documentOf(posting({ $ref: '#/components/schemas/a' }), circle)).refused[0]?.reason).toContain(
      'circle',
    );
  });

  it('cannot lead out of the base URL, nor load another document', () => {
    const paths = [
      '/..',
      '/a/../b',
      '/%2e%2e/b',
      '//evil.example',
      'https://evil.example',
      '/a?b=c',
      '/a#b',
      '/{a',
      '/a b',
      '\\\\evil',
      'evil',
      '/a;/..;x/b',
    ];
    const { operations, refused } = operationsIn(
      documentOf(Object.fromEntries(paths.map((path) => [path, { get: {} }]))),
    );
    expect([operations, refused.map(({ path }) => path)]).toEqual([[], paths]);
    const remote = operationsIn(documentOf(posting({ properties: { a: { $ref: 'https://evil.example/schema' } } })));
    expect(remote.refused[0]?.reason).toContain('refers to another document (https://evil.example/schema)');
  });

  it('reach no prototype', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{},"plain":{}}}',
    );
    const text = documentOf(posting(schema)).replace(
      '"post":{',
      '"parameters":[{"in":"query","name":"__proto__"},{"in":"query","name":"constructor"}],"post":{',
    );
    const input = operationsIn(text).operations[0]?.input;
    expect(Object.keys(input?.properties ?? {})).toEqual(['proto', 'query_constructor', 'body']);
    expect(Object.keys(input?.properties?.body?.properties ?? {})).toEqual(['plain']);
    expect(({} as Tree).type).toBeUndefined();
  });
});

describe('an OpenAPI document', () => {
  it('gives schemas that stand for themselves, in the words of 2020-12', () => {
    const base = { type: 'object', required: ['id'], properties: { id: { type: 'string', readOnly: true } } };
    const schema = {
      allOf: [
        { $ref: '#/components/schemas/Base' },
        {
          required: ['size'],
          properties: { size: { type: 'integer', nullable: true, minimum: 0, exclusiveMinimum: true } },
        },
      ],
    };
    expect(bodyOf(documentOf(posting(schema), { Base: base }, '3.0.3'))).toEqual({
      ...{ title: 'Body', type: 'object', required: ['size'] },
      properties: { size: { type: ['integer', 'null'], exclusiveMinimum: 0 } },
    });
    const kinds = {
      oneOf: [
        { type: 'string', pattern: '(?=a)b', format: 'int64' },
        { type: 'array', uniqueItems: true, items: { enum: ['a'] } },
      ],
    };
    expect(bodyOf(documentOf(posting(kinds)))).toEqual({
      title: 'Body',
      anyOf: [{ type: 'string' }, { type: 'array', items: { enum: ['a'] } }],
    });
  });

  it('says why an operation cannot be one, and goes on', () => {
    const { operations, refused } = operationsIn(
      documentOf({
        '/cookie': { get: { parameters: [{ in: 'cookie', name: 'sid', required: true }] } },
        '/upload': { post: { requestBody: { required: true, content: { 'multipart/form-data': {} } } } },
        '/many': {
          get: { parameters: Array.from({ length: 41 }, (_, index) => ({ in: 'query', name: `q${index}` })) },
        },
        '/fine': {
          get: {
            parameters: [
              { in: 'cookie', name: 'sid' },
              { in: 'header', name: 'Authorization', required: true },
            ],
          },
        },
      }),
    );
    expect(refused.map(({ reason }) => reason)).toEqual([
      'It needs a cookie (sid).',
      'Its body is multipart/form-data; JSON and forms can be sent.',
      'It has more than 40 parameters.',
    ]);
    expect(operations.map(({ request }) => request.path)).toEqual(['/fine']);
  });

  it('is matched with what was imported by id, else by place; names are short and no two alike', () => {
    const read = (paths: Tree) => operationsIn(documentOf(paths)).operations;
    const first = matchOperations(
      read({
        '/a': { get: { operationId: 'Get A' }, post: { operationId: 'get_a' } },
        '/b': { get: {} },
        '/c': { get: { operationId: `${'Very'.repeat(30)}` } },
        '/d': { get: { operationId: '名前' } },
      }),
      [],
    ).matched;
    const slugs = first.map(({ slug }) => slug);
    expect(slugs.slice(0, 3)).toEqual(['get_a', 'get_a_2', 'get_b']);
    for (const slug of slugs) expect(slug).toMatch(/^[a-z][a-z0-9_]{1,47}$/);
    expect(new Set(slugs).size).toBe(5);
    const saved = first.map(({ slug, operation }) => ({ ...operation, slug }));
    const { matched, removed } = matchOperations(
      read({ '/a2': { get: { operationId: 'get_a' } }, '/b': { get: { operationId: 'renamed' } } }),
      saved,
    );
    expect(matched.map(({ slug, saved: row, operation }) => [slug, row && differences(row, operation)])).toEqual([
      ['get_a_2', ['method', 'path', 'text']],
      ['get_b', ['text']],
    ]);
    expect(removed.map(({ slug }) => slug)).toEqual(slugs.filter((slug) => !['get_a_2', 'get_b'].includes(slug)));
  });
});
