import type { TObject, TSchema } from '@sinclair/typebox';
import { statusOf } from '../../errors.ts';
import { allComponents, componentName, Problem } from './components.ts';
import { gatewayPaths } from './gateway-openapi.ts';
import { appScheme, mcpPaths } from './mcp-openapi.ts';
import type { Operation } from './operation.ts';

type Json = Record<string, unknown>;

/** Of the hub. */
export const version = '0.1.0';

/** The OpenAPI 3.1 document, from the same operations that are routed. */
export function openapiDocument(operations: Operation[], baseUrl: string): Json {
  const paths: Record<string, Json> = { ...gatewayPaths, ...mcpPaths };
  for (const operation of operations) {
    const path = templateOf(operation.path);
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Patchbay',
      version,
      description:
        'Install and manage connectors. JSON is snake_case; errors are application/problem+json with a `code`; lists are paged by cursor.',
    },
    servers: [{ url: baseUrl }],
    security: [{ api_key: [] }, { session: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(allComponents().map(([schema, name]) => [name, inline(schema)])),
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'patchbay.session',
          description: 'The cookie that sign-in answers with; on https its name begins with `__Host-` or `__Secure-`.',
        },
        api_key: {
          type: 'http',
          scheme: 'bearer',
          description:
            'An API key, `pbk_…`, made under “Members and API keys” in the account menu. `x-scope` names the scope that an operation needs of it.',
        },
        app: appScheme(baseUrl),
      },
      responses: Object.fromEntries(problemStatuses.map((status) => [`Problem${status}`, problemResponse(status)])),
    },
  };
}

/** A route's path as the document has it. */
export const templateOf = (path: string): string => path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');

const problemStatuses = [...new Set(Object.values(statusOf))].sort();

const problemResponse = (status: number) => ({
  description: Object.entries(statusOf)
    .filter(([, value]) => value === status)
    .map(([code]) => code)
    .join(', '),
  content: { 'application/problem+json': { schema: reference(Problem) } },
});

function describe(operation: Operation): Json {
  const { input } = operation;
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    tags: [operation.tag],
    'x-role': operation.role,
    'x-scope': operation.scope,
    'x-audit': operation.audit,
    ...securityOf(operation),
    parameters: [
      ...parameters('path', input.params, operation.example.params),
      ...parameters('query', input.query, operation.example.query),
      ...(operation.method === 'post' && operation.role !== 'public' && !isPassedOn(operation) ? [idempotencyKey] : []),
    ],
    ...(isPassedOn(operation) && operation.method !== 'get' && { requestBody: { content: { '*/*': {} } } }),
    ...(input.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: reference(input.body), example: operation.example.body } },
      },
    }),
    responses: responses(operation),
  };
}

/** Said only where it differs from the document's: what anybody may do, and what keys may not. */
function securityOf({ role, scope }: Operation): Json {
  if (role === 'public') return { security: [] };
  return scope ? {} : { security: [{ session: [] }] };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  description:
    'Repeating the call with the same key within 24 hours gets the first answer and changes nothing again. After `outcome_unknown`, when a part may be done, the key runs nothing more; after 429 and any other 503 nothing was done, and the same key may be tried again.',
};

function parameters(
  where: 'path' | 'query',
  schema: TObject | undefined,
  example: Record<string, string> = {},
): Json[] {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || !!schema?.required?.includes(name),
    schema: reference(property as TSchema),
    ...(name in example && { example: example[name] }),
  }));
}

const isPassedOn = ({ status }: Operation) => status === 'service';

function responses(operation: Operation): Json {
  if (isPassedOn(operation))
    return { default: { description: 'What the service answered.' }, ...problemReferences(operation) };
  const pieces = operation.streams && { 'text/event-stream': { schema: { type: 'string' } } };
  const success = operation.response
    ? { description: 'Done.', content: { 'application/json': { schema: reference(operation.response) }, ...pieces } }
    : { description: 'Done; no content.' };
  return {
    [operation.status]: success,
    ...(operation.waits && { 202: { ...success, description: 'An admin has to approve it first.' } }),
    ...(operation.onceOnly && { 200: { ...success, description: 'It was there already.' } }),
    ...problemReferences(operation),
  };
}

const problemReferences = (operation: Operation) =>
  Object.fromEntries(
    problemsOf(operation).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
  );

function problemsOf({ input, role, method, status }: Operation): number[] {
  const statuses = new Set([500, 503, 429]);
  if (status === 'service') for (const more of [400, 409, 413, 502]) statuses.add(more);
  if (role !== 'public') statuses.add(401).add(403);
  if (input.params) statuses.add(404);
  if (input.query || input.body) statuses.add(422);
  if (input.body) for (const status of [400, 413, 415]) statuses.add(status);
  if (method !== 'get') statuses.add(409).add(403);
  return [...statuses].sort();
}

/** A `$ref` where the schema has a name, else the schema itself with its parts resolved the same way. */
function reference(schema: TSchema): unknown {
  const name = componentName(schema);
  return name ? { $ref: `#/components/schemas/${name}` } : inline(schema);
}

function inline(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((part) => resolve(part));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, resolve(part)]));
}

const resolve = (part: unknown): unknown =>
  typeof part === 'object' && part !== null && !Array.isArray(part) ? reference(part as TSchema) : inline(part);
