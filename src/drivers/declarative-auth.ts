import { type Address, addressFor } from '../lib/declarative/addresses.ts';
import { fitsHeader, unfitForHeader } from '../lib/header-text.ts';
import type { JsonSchema } from '../lib/schema/json-schema.ts';
import type { Description } from './declarative-format.ts';
import type { AuthDescription } from './declarative-format-auth.ts';
import type { Endpoints, Service } from './declarative-service.ts';
import {
  type AuthType,
  authBy,
  headerSecret,
  type OAuthProvider,
  oauth2,
  originsOf,
  ServiceError,
  type ServiceProxy,
  scope,
  secret,
  token,
  tokenOrigin,
  typeOfMethod,
  type Values,
  variant,
} from './driver.ts';

// The ways to authenticate that a description can name, in terms of the driver contract.

export const authTypeOf = ([first]: AuthDescription[]): AuthType => typeOfMethod[first?.method ?? 'none'];

export const authSchemaOf = ({ auth, docs }: Description): JsonSchema =>
  authBy(...auth.map((each) => variantOf(each, docs)));

type Notes = NonNullable<AuthDescription['fields']>;

/** The texts of one field, as the schema has them. */
function noted(notes: Notes = {}, name: string): JsonSchema {
  const { placeholder, help_url, pattern_hint, warning, docs: _docs, ...plain } = notes[name] ?? {};
  return {
    ...plain,
    ...(placeholder && { 'x-placeholder': placeholder }),
    ...(help_url && { 'x-help-url': help_url }),
    ...(pattern_hint && { 'x-pattern-hint': pattern_hint }),
    ...(warning && { 'x-warning': warning }),
  };
}

function variantOf(auth: AuthDescription, docs: string): JsonSchema {
  const { fields, description } = auth;
  const more = description ? { description } : {};
  const note = (name: string) => noted(fields, name);
  switch (auth.method) {
    case 'none':
      return variant('none', auth.title ?? 'No authentication', {}, [], more);
    case 'api_key': {
      const key = auth.in === 'query' ? secret : headerSecret;
      return variant(
        'api_key',
        auth.title ?? 'API key',
        { api_key: key({ title: 'API key', maxLength: 1024, ...note('api_key') }) },
        ['api_key'],
        more,
      );
    }
    case 'basic': {
      const username: JsonSchema = {
        ...{ type: 'string', title: 'User name', minLength: 1, maxLength: 255, pattern: '^[^:\\u0000-\\u001f]+$' },
        ...{ 'x-pattern-hint': 'have no colon and no control characters', ...note('username') },
      };
      const password = secret({ title: 'Password', maxLength: 1024, ...note('password') });
      return variant(
        'basic',
        auth.title ?? 'User and password',
        { username, password },
        ['username', 'password'],
        more,
      );
    }
    case 'token':
      return { ...token(auth.title ?? 'Access token', note('access_token')), ...more };
    case 'oauth2':
      return oauth2Variant(auth, docs);
    case 'client_credentials':
      return clientVariant(auth);
  }
}

function oauth2Variant(auth: Extract<AuthDescription, { method: 'oauth2' }>, docs: string): JsonSchema {
  const { title = 'OAuth 2.0', description, fields, scopes } = auth;
  const whole = oauth2({
    ...{ title, description, scopes, scopesHelp: 'One per line.', scopesUrl: docs },
    ...{ clientId: noted(fields, 'client_id'), clientSecret: noted(fields, 'client_secret') },
  });
  const { description: said, ...rest } = whole;
  const { scopes: list, ...properties } = rest.properties ?? {};
  return {
    ...rest,
    ...(said !== undefined && { description: said }),
    properties: scopes.length && list ? { ...properties, scopes: { ...list, ...noted(fields, 'scopes') } } : properties,
  };
}

/** Only one address may get the client's secret: it is a choice of one. */
function clientVariant(auth: Extract<AuthDescription, { method: 'client_credentials' }>): JsonSchema {
  const { title = 'OAuth 2.0 client credentials', description, fields, token_url, client_auth, scope: asked } = auth;
  const fixed = (name: string, value: string): JsonSchema => ({
    type: 'string',
    title: name,
    enum: [value],
    default: value,
  });
  return variant(
    'client_credentials',
    title,
    {
      token_url: fixed('Token address', token_url),
      ...(client_auth === 'post' && { client_authentication: fixed('Client authentication', 'post') }),
      client_id: { type: 'string', title: 'Client ID', minLength: 1, maxLength: 255, ...noted(fields, 'client_id') },
      client_secret: secret({ title: 'Client secret', maxLength: 1024, ...noted(fields, 'client_secret') }),
      scope: { ...scope, ...(asked && { default: asked }), ...noted(fields, 'scope') },
    },
    ['token_url', ...(client_auth === 'post' ? ['client_authentication'] : []), 'client_id', 'client_secret'],
    description ? { description } : {},
  );
}

/** What proves the account, in the place that the method names. @throws ServiceError `credential` */
export function credentialOf({ auth: methods }: Description, auth: Values): ReturnType<ServiceProxy['credential']> {
  const method = methods.find((each) => each.method === auth.method);
  switch (method?.method) {
    case 'none':
      return {};
    case 'basic':
      return {
        headers: {
          authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64')}`,
        },
      };
    case 'api_key': {
      const { in: place, name = 'Authorization', prefix } = method;
      const value = prefix ? `${prefix} ${auth.api_key}` : String(auth.api_key);
      return place === 'query' ? { query: { [name]: value } } : { headers: { [name]: fitting(value) } };
    }
    default:
      if (!auth.access_token)
        throw new ServiceError(
          'credential',
          'No access token has been granted yet. Connect the account, or check the settings.',
        );
      return { headers: { authorization: `Bearer ${fitting(String(auth.access_token))}` } };
  }
}

function fitting(text: string): string {
  if (fitsHeader(text)) return text;
  throw new ServiceError('credential', `The saved credential ${unfitForHeader}. Enter it again.`);
}

/** The API's own origin, and that of the token endpoint for what belongs there. */
export function destinationsOf(service: Service, config: Values, auth: Values): string[] {
  const api = originsOf(addressFor(service.base, config));
  if (auth.method === 'client_credentials' && service.clientCredentials)
    return [...tokenOrigin(addressFor(service.clientCredentials.token, config)), ...api];
  if (auth.method === 'oauth2' && service.oauth)
    return [...tokenOrigin(addressFor(service.oauth.token, config)), ...api];
  return api;
}

export function oauthProviderOf(
  { auth }: Description,
  endpoints: Endpoints,
  settled: (config: Values) => Values,
): OAuthProvider {
  const method = auth.find((each) => each.method === 'oauth2') as Extract<AuthDescription, { method: 'oauth2' }>;
  const {
    client_auth,
    pkce,
    scope_separator,
    authorization_params,
    refresh_reuse,
    missing_token_type,
    errors_as_200,
    issuer,
  } = method;
  return {
    endpoints(given) {
      const at = (address: Address | null) =>
        (address ? { address: addressFor(address, settled(given)) } : null)?.address;
      return {
        authorization: at(endpoints.authorization) ?? '',
        token: at(endpoints.token) ?? '',
        ...(endpoints.revocation && { revocation: at(endpoints.revocation) }),
        ...(endpoints.issuer && { issuer: at(endpoints.issuer) }),
      };
    },
    clientAuth: client_auth ?? 'post',
    pkce: pkce ?? true,
    sendsIssuer: issuer !== undefined,
    scopeSeparator: scope_separator ?? ' ',
    authorizationParams: () => ({ ...authorization_params }),
    quirks: {
      ...(missing_token_type && { tokenType: 'bearer' as const }),
      ...(errors_as_200 && { errorsAs200: errors_as_200 }),
    },
    refreshReuse: refresh_reuse ?? 'revokes_family',
  };
}
