import { type Static, type TProperties, Type } from '@sinclair/typebox';
import { closed, https, oneOf, optional, template, text, values } from './declarative-format-parts.ts';

// The part of the format about ways to sign in.

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

export const auth = Type.Unsafe<AuthDescription>({
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
