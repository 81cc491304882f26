import { scopes } from '../../services/api-keys/scopes.ts';
import { appScopes } from '../../services/mcp-access/app-request.ts';
import { paths } from '../paths.ts';

type Json = Record<string, unknown>;

const text = { type: 'string' };
const fields = (properties: Json, required: string[]) => ({ type: 'object', required, properties });
const json = (schema: Json, description = 'Done.') => ({ description, content: { 'application/json': { schema } } });
const problem = (status: number) => ({ $ref: `#/components/responses/Problem${status}` });

const refused = json(
  fields({ error: text, error_description: text }, ['error']),
  'In the words of RFC 6749 and 7591: error, with a sentence.',
);

const forApps = (id: string, summary: string, rfc: number, more: Json) => ({
  operationId: id,
  summary,
  externalDocs: { url: `https://www.rfc-editor.org/rfc/rfc${rfc}` },
  tags: ['Agents'],
  'x-role': 'public',
  'x-scope': null,
  'x-audit': null,
  security: [],
  ...more,
});

const form = (properties: Json, required: string[]) => ({
  requestBody: {
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema: fields(properties, required) } },
  },
});

const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

/** The part of the document about agents, which has the protocols and the errors of MCP and OAuth. */
export const mcpPaths: Record<string, Json> = {
  '/mcp': {
    post: {
      operationId: 'sendMcpMessage',
      summary: 'Let an agent list and call tools (Model Context Protocol)',
      description:
        'Streamable HTTP without sessions: one JSON-RPC message each. Calls also need the scope tools:execute.',
      externalDocs: { url: 'https://modelcontextprotocol.io/specification/2025-06-18/basic/transports' },
      tags: ['Agents'],
      'x-role': 'member',
      'x-scope': 'tools:read',
      'x-audit': null,
      security: [{ api_key: [] }, { app: [...appScopes] }],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { type: 'object' }, example: message } },
      },
      responses: {
        200: json({ type: 'object' }, 'The answer, as JSON-RPC has it.'),
        202: { description: 'Taken: a notification, which has no answer.' },
        ...Object.fromEntries([400, 401, 403, 413, 429, 500, 503].map((status) => [status, problem(status)])),
      },
    },
  },
  [paths.appRegistration]: {
    post: forApps('registerApp', 'Register an app that people can let in', 7591, {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: fields({ client_name: text, redirect_uris: { type: 'array', items: text } }, ['redirect_uris']),
            example: { client_name: 'Scribe', redirect_uris: ['http://127.0.0.1/callback'] },
          },
        },
      },
      responses: { 201: json(fields({ client_id: text }, ['client_id'])), 400: refused, 429: refused, 503: refused },
    }),
  },
  [paths.appToken]: {
    post: forApps('getAppTokens', 'Get tokens for a code or a refresh token', 6749, {
      ...form(
        {
          ...{ grant_type: { enum: ['authorization_code', 'refresh_token'] }, client_id: text },
          ...{ code: text, redirect_uri: text, code_verifier: text, refresh_token: text, resource: text },
        },
        ['grant_type', 'client_id'],
      ),
      responses: {
        200: json(
          fields(
            { access_token: text, token_type: text, expires_in: { type: 'integer' }, refresh_token: text, scope: text },
            ['access_token', 'token_type'],
          ),
        ),
        ...{ 400: refused, 401: refused, 429: refused, 503: refused },
      },
    }),
  },
  [paths.appRevocation]: {
    post: forApps('revokeAppToken', 'End an app by a token of it', 7009, {
      ...form({ client_id: text, token: text }, ['client_id', 'token']),
      responses: {
        200: { description: 'It opens nothing, now or from before.' },
        400: refused,
        401: refused,
        429: refused,
      },
    }),
  },
};

/** How apps are let in, as the document declares it. */
export const appScheme = (baseUrl: string) => ({
  type: 'oauth2',
  description: 'The access token of an app that somebody let in, `pba_…`; for /mcp alone.',
  flows: {
    authorizationCode: {
      authorizationUrl: `${baseUrl}${paths.appConsent}`,
      tokenUrl: `${baseUrl}${paths.appToken}`,
      refreshUrl: `${baseUrl}${paths.appToken}`,
      scopes: Object.fromEntries(appScopes.map((scope) => [scope, scopes[scope]])),
    },
  },
});
