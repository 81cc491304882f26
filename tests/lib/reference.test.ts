import { describe, expect, it } from 'vitest';
import { readReference } from '../../src/lib/reference.ts';

const document = {
  info: { title: 'Shop', version: '2.0', description: 'Sells things.' },
  servers: [{ url: 'https://shop.example' }],
  paths: {
    '/things/{id}': {
      get: {
        operationId: 'getThing',
        summary: 'Get a thing',
        tags: ['Things'],
        'x-role': 'member',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' }, example: 'a1' },
        ],
        responses: {
          200: {
            description: 'Done.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
          404: { $ref: '#/components/responses/Gone' },
        },
      },
    },
    '/things': {
      post: {
        operationId: 'makeThing',
        summary: 'Make a thing',
        tags: ['Things'],
        security: [],
        requestBody: {
          content: {
            'application/json': { schema: { $ref: '#/components/schemas/Thing' }, example: { name: "Ada's" } },
          },
        },
        responses: { 204: { description: 'Done; no content.' } },
      },
    },
    '/ping': { get: { summary: 'Ping', responses: {} } },
  },
  components: {
    responses: { Gone: { description: 'not_found' } },
    schemas: {
      Part: { type: 'object', properties: { size: { type: 'integer' } } },
      Thing: {
        type: 'object',
        description: 'A thing.',
        required: ['name'],
        properties: {
          name: { type: 'string', description: 'What it is called.' },
          kind: { enum: ['big', 'small'] },
          note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          parts: { type: 'array', items: { $ref: '#/components/schemas/Part' } },
          place: { type: 'object', properties: { room: { type: ['string', 'null'] } } },
          rows: { type: 'array', items: { type: 'object', properties: { at: { const: 1 } } } },
        },
      },
    },
  },
};

describe('API reference', () => {
  const reference = readReference(document);

  it('groups operations by tag in the order of the document', () => {
    expect(reference).toMatchObject({ title: 'Shop', version: '2.0', server: 'https://shop.example' });
    expect(reference.groups.map(({ name, operations }) => [name, operations.map(({ summary }) => summary)])).toEqual([
      ['Things', ['Get a thing', 'Make a thing']],
      ['Other', ['Ping']],
    ]);
  });

  it('says what an operation takes, who may use it and what it answers', () => {
    expect(reference.groups[0]?.operations[0]).toMatchObject({
      anchor: 'operation-getthing',
      method: 'GET',
      role: 'member',
      parameters: [{ name: 'id', place: 'path', type: 'string (uuid)', required: true }],
      body: [],
      answers: [
        { status: '200', description: 'Done.', schema: { name: 'Thing', anchor: 'schema-thing' } },
        { status: '404', description: 'not_found', schema: null },
      ],
    });
  });

  it('shows fields with those inside them, in words', () => {
    expect(
      reference.schemas[1]?.fields.map(({ name, depth, type, required, schema }) => [
        name,
        depth,
        type,
        required,
        schema,
      ]),
    ).toEqual([
      ['name', 0, 'string', true, ''],
      ['kind', 0, '"big" or "small"', false, ''],
      ['note', 0, 'string or null', false, ''],
      ['parts', 0, 'list of Part', false, 'schema-part'],
      ['place', 0, 'object', false, ''],
      ['room', 1, 'string or null', false, ''],
      ['rows', 0, 'list of object', false, ''],
      ['at', 1, '1', false, ''],
    ]);
  });

  it('gives commands that a shell takes as they stand', () => {
    const [get, make] = reference.groups[0]?.operations ?? [];
    expect(get?.curl).toBe('curl -b jar https://shop.example/things/a1');
    expect(make?.curl).toBe(
      "curl -c jar -X POST https://shop.example/things \\\n  -H 'Content-Type: application/json' \\\n  -d '{\n  \"name\": \"Ada'\\''s\"\n}'",
    );
  });
});
