import { type Static, Type } from '@sinclair/typebox';
import { auth } from './declarative-format-auth.ts';
import {
  closed,
  fieldName,
  https,
  oneOf,
  optional,
  path,
  scalar,
  template,
  text,
  values,
} from './declarative-format-parts.ts';
import { errors, request, tool } from './declarative-format-tools.ts';
import { categories } from './driver.ts';

// The format in which a service is described as data. `docs/catalog-entry.schema.json` and the reference in `docs/adding-a-service.md` are made
// of it.

const field = closed(
  {
    type: oneOf(['string', 'integer', 'number', 'boolean'], 'Of the value.'),
    title: optional(text('The label; made of the name when left out.', 100)),
    description: optional(text('Below the field.')),
    default: optional(scalar),
    enum: optional(Type.Array(Type.Union([Type.String(), Type.Number()]), { minItems: 1, maxItems: 100 })),
    minimum: optional(Type.Number()),
    maximum: optional(Type.Number()),
    minLength: optional(Type.Integer({ minimum: 0, maximum: 4096 })),
    maxLength: optional(Type.Integer({ minimum: 1, maximum: 4096, description: '500 when left out.' })),
    pattern: optional(Type.String({ maxLength: 256, description: 'Without groups and choices, from ^ to $.' })),
    docs: optional(https('The service’s page about this field.')),
    'x-enum-titles': optional(Type.Array(Type.String())),
    'x-placeholder': optional(Type.String({ maxLength: 200 })),
    'x-help-url': optional(https('A page that helps.')),
    'x-pattern-hint': optional(text('What follows “Must”.', 200)),
    'x-multiline': optional(Type.Boolean()),
    'x-warning': optional(text('What to know before.')),
    'x-group': optional(text('Fields of one group stand together.', 60)),
  },
  'A setting.',
);

const place = Type.String({
  pattern: '^(config|auth)\\.[a-z][a-z0-9_]*$',
  'x-pattern-hint': 'name a field, such as config.site',
});

export const description = closed(
  {
    $schema: optional(Type.String({ description: 'For editors.' })),
    version: Type.Unsafe<1>({ const: 1, description: 'Of this format: 1.' }),
    key: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'The name for programs; never changes.',
      'x-pattern-hint': 'have a-z, 0-9 and hyphens only, at most 32, and begin with a letter',
    }),
    name: text('The name for people.', 255),
    description: text('What the service does, and honestly what it cannot do.'),
    category: oneOf(categories, 'Where it stands in the catalog.'),
    icon: optional(
      Type.String({
        pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\\.svg$',
        description: 'An SVG file beside this one. A plain mark when left out.',
        'x-pattern-hint': 'be the name of an .svg file beside this one',
      }),
    ),
    docs: https('The service’s documentation.'),
    aliases: optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
        maxItems: 20,
        description: 'Other names that people search for.',
      }),
    ),
    base_url: template(
      'The address of the API: fixed, with settings in it (https://{config.region}.example.com/v1), or one that the admin enters ({config.base_url}/api).',
    ),
    auth: Type.Array(auth, { minItems: 1, maxItems: 6, description: 'How to sign in, the usual way first.' }),
    config: optional(
      closed(
        {
          properties: Type.Record(fieldName, field, { maxProperties: 50, additionalProperties: false }),
          required: optional(Type.Array(Type.String(), { maxItems: 50 })),
        },
        'What to configure, apart from credentials.',
      ),
    ),
    summary: optional(template('One line for the card; the host of an address that was entered when left out.', 200)),
    headers: optional(values(Type.String({ maxLength: 2048 }), 'Sent with every request.', 20)),
    errors: optional(errors),
    health: optional(
      closed(
        {
          request: request,
          healthy: optional(
            closed({
              status: optional(
                Type.Array(Type.Integer({ minimum: 100, maximum: 599 }), {
                  minItems: 1,
                  maxItems: 20,
                  description: 'Every success when left out.',
                }),
              ),
              has: optional(Type.Array(path('A place that must not be empty.'), { maxItems: 20 })),
            }),
          ),
          message: optional(template('What to say then, e.g. `Signed in as {answer.name}.`', 300)),
          errors: optional(errors),
        },
        'How to see that it works; `whoami` when left out.',
      ),
    ),
    whoami: optional(
      closed(
        {
          request: request,
          id: path('Where the account’s id stands; another id is another account.'),
          label: template('What to call it, e.g. `@{answer.username}`.', 200),
          errors: optional(errors),
        },
        'Who is connected.',
      ),
    ),
    tools: optional(Type.Array(tool, { maxItems: 100, description: 'What people, programs and agents can call.' })),
    rate_limit: optional(
      closed(
        {
          limit: Type.String(),
          remaining: Type.String(),
          reset: Type.String(),
          reset_is: oneOf(['epoch', 'seconds'], 'A time in Unix seconds, or seconds from now.'),
        },
        'The headers that tell how many calls are left.',
      ),
    ),
    schema_version: optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: '1 when left out. Raise it when saved settings no longer fit.',
      }),
    ),
    migrations: optional(
      Type.Array(
        closed({
          from: Type.Integer({ minimum: 1, description: 'The version that the settings were saved under.' }),
          describe: text('What changes, for the people who will save it.'),
          rename: optional(values(place, 'New places of fields, by the old ones.', 50)),
          remove: optional(Type.Array(place, { maxItems: 50, description: 'Fields that are gone.' })),
        }),
        { maxItems: 100, description: 'How settings saved under one version become those of the next.' },
      ),
    ),
  },
  'A service that is plain HTTP, as an entry of Patchbay’s catalog.',
);

export type Description = Static<typeof description>;

/** The same for editors and other programs. */
export const publishedFormat = (): Record<string, unknown> => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A service of Patchbay’s catalog',
  ...(JSON.parse(JSON.stringify(description)) as Record<string, unknown>),
});
