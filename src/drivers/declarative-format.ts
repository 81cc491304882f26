import { type Static, type TProperties, Type } from '@sinclair/typebox';
import { categories } from './driver.ts';

// The format in which a service is described as data. `docs/catalog-entry.schema.json` and the reference in `docs/adding-a-service.md` are made
// of it.

/** No other members; what is misspelt is found. */
const closed = <T extends TProperties>(properties: T, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description && { description }) });
const optional = Type.Optional;
const text = (description: string, maxLength = 500) => Type.String({ minLength: 1, maxLength, description });
const https = (description: string) =>
  Type.String({
    pattern: '^https://[^\\s]+$',
    maxLength: 2048,
    description,
    'x-pattern-hint': 'be an address that starts with https://',
  });
const template = (description: string, maxLength = 2048) => Type.String({ maxLength, description });
const path = (description: string) => Type.String({ maxLength: 300, description });
const word = {
  pattern: '^[a-z][a-z0-9_]*$',
  maxLength: 64,
  'x-pattern-hint': 'have small letters, digits and _ only, and begin with a letter',
};
const values = <T extends Parameters<typeof Type.Record>[1]>(value: T, description: string, maxProperties = 50) =>
  Type.Record(Type.String(), value, { description, maxProperties });

const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const oneOf = <const T extends string>(choices: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...choices], description });

const faults = ['credential', 'permission', 'input', 'not_found', 'conflict', 'rate_limited', 'service'] as const;

const request = closed(
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
const errors = closed(
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

const fieldNote = closed({
  title: optional(text('The label.', 100)),
  description: optional(text('Where to find it.')),
  placeholder: optional(Type.String({ maxLength: 200 })),
  help_url: optional(https('A page that helps.')),
  docs: optional(https('The service’s page about this field.')),
  warning: optional(text('What to know before.')),
  pattern: optional(Type.String({ maxLength: 256, description: 'A pattern without groups, from ^ to $.' })),
  pattern_hint: optional(text('What follows “Must”.', 200)),
  maxLength: optional(Type.Integer({ minimum: 1, maximum: 4096 })),
});

const method = <M extends string, T extends TProperties>(name: M, properties: T, description: string) =>
  closed(
    {
      method: Type.Literal(name),
      title: optional(text('The name of the choice.', 100)),
      description: optional(text('Below the choice.')),
      fields: optional(values(fieldNote, 'Texts of its fields, by name.', 10)),
      ...properties,
    },
    description,
  );

const clientAuth = optional(
  oneOf(['post', 'basic', 'basic_raw'], 'How the client proves itself at the token endpoint; post when left out.'),
);

const auth = Type.Unsafe<AuthDescription>({
  type: 'object',
  required: ['method'],
  discriminator: { propertyName: 'method' },
  oneOf: [
    method('none', {}, 'Open to everyone.'),
    method(
      'api_key',
      {
        in: optional(oneOf(['header', 'query'], 'header when left out.')),
        name: optional(
          Type.String({
            pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$",
            description: 'Of the header or the parameter; Authorization when left out.',
            'x-pattern-hint': 'be a name without spaces, such as X-API-Key',
          }),
        ),
        prefix: optional(
          Type.String({
            pattern: '^[\\x21-\\x7e]{1,50}$',
            description: 'Before the key, with one space between.',
            'x-pattern-hint': 'be one word without spaces',
          }),
        ),
      },
      'A key. Its field is `api_key`.',
    ),
    method('basic', {}, 'User and password. Its fields are `username` and `password`.'),
    method('token', {}, 'A bearer token that people bring along. Its field is `access_token`.'),
    method(
      'oauth2',
      {
        authorization_url: template('Where people agree; a full address, as base_url.'),
        token_url: template('Where codes become tokens.'),
        revocation_url: optional(template('Where tokens are ended.')),
        issuer: optional(template('Who the service says it is, where it does (RFC 9207).')),
        scopes: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
          maxItems: 50,
          description: 'What is asked for unless the admin changes it.',
        }),
        pkce: optional(Type.Boolean({ description: 'true when left out.' })),
        client_auth: clientAuth,
        scope_separator: optional(oneOf([' ', ','], 'A space when left out.')),
        authorization_params: optional(
          values(Type.String({ maxLength: 500 }), 'Further parameters of the page where people agree.', 10),
        ),
        refresh_reuse: optional(
          oneOf(
            ['safe', 'grace', 'revokes_family', 'none'],
            'What happens when a refresh token is used twice; revokes_family, the most careful one, when left out.',
          ),
        ),
        missing_token_type: optional(Type.Boolean({ description: 'The token answer may lack token_type.' })),
        errors_as_200: optional(oneOf(['error', 'ok_false'], 'Refusals of the token endpoint come with status 200.')),
      },
      'People authorise accounts (authorization code).',
    ),
    method(
      'client_credentials',
      {
        token_url: template('Where the client gets tokens; a full address.'),
        client_auth: optional(oneOf(['post', 'basic'], 'basic when left out.')),
        scope: optional(
          Type.String({ maxLength: 2048, description: 'What is asked for unless the admin changes it.' }),
        ),
      },
      'The client’s own credentials.',
    ),
  ],
});

interface Method<M extends string> {
  method: M;
  title?: string;
  description?: string;
  fields?: Record<string, Static<typeof fieldNote>>;
}

export type AuthDescription =
  | Method<'none'>
  | (Method<'api_key'> & { in?: 'header' | 'query'; name?: string; prefix?: string })
  | Method<'basic'>
  | Method<'token'>
  | (Method<'oauth2'> & {
      authorization_url: string;
      token_url: string;
      revocation_url?: string;
      issuer?: string;
      scopes: string[];
      pkce?: boolean;
      client_auth?: 'post' | 'basic' | 'basic_raw';
      scope_separator?: ' ' | ',';
      authorization_params?: Record<string, string>;
      refresh_reuse?: 'safe' | 'grace' | 'revokes_family' | 'none';
      missing_token_type?: boolean;
      errors_as_200?: 'error' | 'ok_false';
    })
  | (Method<'client_credentials'> & { token_url: string; client_auth?: 'post' | 'basic'; scope?: string });

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

const fieldName = Type.String({ ...word });

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

const tool = closed({
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
export type RequestDescription = Static<typeof request>;
export type ErrorsDescription = Static<typeof errors>;
export type ToolDescription = Static<typeof tool>;

/** The same for editors and other programs. */
export const publishedFormat = (): Record<string, unknown> => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A service of Patchbay’s catalog',
  ...(JSON.parse(JSON.stringify(description)) as Record<string, unknown>),
});
