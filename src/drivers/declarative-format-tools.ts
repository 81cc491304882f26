import { type Static, Type } from '@sinclair/typebox';
import { closed, fieldName, oneOf, optional, path, scalar, text, values, word } from './declarative-format-parts.ts';

// The part of the format about requests, refusals and tools.

const faults = ['credential', 'permission', 'input', 'not_found', 'conflict', 'rate_limited', 'service'] as const;

export const request = closed(
  {
    method: optional(oneOf(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], 'GET when left out.')),
    path: Type.Union(
      [Type.String({ maxLength: 2048 }), Type.Array(Type.String({ maxLength: 2048 }), { minItems: 1, maxItems: 5 })],
      {
        description:
          'Below `base_url`, with a slash first. Values are encoded as a whole. Of several the first one whose values are all there.',
      },
    ),
    query: optional(
      values(
        Type.Union([Type.String({ maxLength: 2048 }), Type.Number(), Type.Boolean()]),
        'Query parameters by name. Without a value they are left out; a list repeats the name.',
      ),
    ),
    headers: optional(values(Type.String({ maxLength: 2048 }), 'Headers by name. The credential comes by itself.')),
    json: optional(Type.Unknown({ description: 'The body as JSON, with templates in its texts.' })),
    form: optional(
      values(
        Type.Union([Type.String({ maxLength: 20_000 }), Type.Number(), Type.Boolean()]),
        'The body as form fields.',
      ),
    ),
  },
  'One HTTP request.',
);
export const errors = closed(
  {
    message: optional(path('Where the service’s own sentence stands in a refusal.')),
    code: optional(path('Where its own code stands.')),
    rules: optional(
      Type.Array(
        closed({
          status: optional(
            Type.Union(
              [
                Type.Integer({ minimum: 100, maximum: 599 }),
                Type.Array(Type.Integer({ minimum: 100, maximum: 599 }), { minItems: 1, maxItems: 20 }),
              ],
              { description: 'The HTTP status, or several.' },
            ),
          ),
          path: optional(path('A place in the body…')),
          equals: optional(
            Type.Union([scalar, Type.Array(scalar, { minItems: 1, maxItems: 50 })], {
              description: '…and what stands there; one of several.',
            }),
          ),
          fault: oneOf(faults, 'What it means.'),
          message: optional(text('What to tell people, instead of the service’s sentence.')),
        }),
        {
          maxItems: 50,
          description: 'The first one that fits counts, also for answers with status 200. The rest goes by the status.',
        },
      ),
    ),
  },
  'How the service says no.',
);

const response = closed(
  {
    items: optional(
      path('Where the list is; the tool then gives `items`. An empty text where the answer itself is the list.'),
    ),
    value: optional(path('Where the one thing is that the tool gives; the whole answer when left out.')),
    fields: optional(
      values(
        path('Where it stands in the thing.'),
        'What is kept of each thing, by its new name; everything when left out.',
        100,
      ),
    ),
    next: optional(
      path('Where the cursor of the next page stands; the tool then gives `next_cursor`, null on the last page.'),
    ),
  },
  'What the tool gives.',
);

export const tool = closed({
  name: Type.String({ ...word, description: 'Of the tool, without the service’s key.' }),
  title: text('For people.', 100),
  description: text('For people and models: what it does and when to use it.', 2_000),
  side_effect: optional(
    oneOf(
      ['none', 'idempotent', 'write'],
      'none: reads only. idempotent: twice is the same as once. write: is never repeated. By the method when left out.',
    ),
  ),
  scopes: optional(
    Type.Array(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1 }), {
      maxItems: 20,
      description: 'OAuth scopes that it needs, any one of each inner list.',
    }),
  ),
  input: optional(
    closed(
      {
        properties: Type.Record(fieldName, Type.Object({}, { description: 'A JSON Schema.' }), {
          maxProperties: 60,
          additionalProperties: false,
        }),
        required: optional(Type.Array(Type.String(), { maxItems: 60 })),
      },
      'Its arguments, as the members of an object.',
    ),
  ),
  request: request,
  response: optional(response),
  errors: optional(errors),
});

export type RequestDescription = Static<typeof request>;
export type ErrorsDescription = Static<typeof errors>;
export type ToolDescription = Static<typeof tool>;
