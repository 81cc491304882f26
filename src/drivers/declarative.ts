import { capital } from '../lib/capital.ts';
import { addressFor, isFixed, labelPattern } from '../lib/declarative/addresses.ts';
import { valueAt } from '../lib/declarative/paths.ts';
import { fillText, type Sources } from '../lib/declarative/templates.ts';
import type { JsonSchema } from '../lib/schema/json-schema.ts';
import { deleteAt, getAt, setAt } from '../lib/schema/walk.ts';
import { authSchemaOf, authTypeOf, credentialOf, destinationsOf, oauthProviderOf } from './declarative-auth.ts';
import { compileService } from './declarative-compile.ts';
import type { Description } from './declarative-format.ts';
import type { ToolDescription } from './declarative-format-tools.ts';
import { type Described, send, shaped } from './declarative-request.ts';
import { type CompiledTool, hostFields, namesAccount, type Operation, type Service } from './declarative-service.ts';
import {
  type Account,
  address,
  authorisedByPerson,
  type Driver,
  type ExecutionContext,
  type HealthReport,
  hostOf,
  object,
  type SchemaMigration,
  ServiceError,
  sideEffectOfMethod,
  type Tool,
  tls,
  tlsDocs,
  type Values,
} from './driver.ts';

// The engine: it makes a driver of a description. A driver's folder may add what data cannot say.

/**
 * The driver that a description of our own folders stands for.
 * @throws Error with everything in it that does not make sense
 */
export function declared(description: unknown): Driver {
  const { service, problems } = compileService(description as Description);
  if (problems.length) throw new Error(problems.map(({ at, message }) => `${at || '/'}: ${message}`).join(' '));
  return driverOf(description as Description, service);
}

/** @param options.foreign for schemas that others wrote: arguments are judged apart from the request's thread */
export function driverOf(description: Description, service: Service, { foreign = false } = {}): Driver {
  const configSchema = configSchemaOf(description, service);
  const authSchema = authSchemaOf(description);
  const defaults = defaultsIn(configSchema);
  const described: Described = { description, service, settled: (config) => ({ ...defaults, ...config }) };
  const { settled } = described;
  const tools = (description.tools ?? []).map((tool, index) =>
    toolOf(described, tool, service.tools[index] as CompiledTool, foreign),
  );
  const { key, name, description: about, category, aliases = [], auth } = description;
  return {
    entry: {
      key,
      name,
      description: about,
      category,
      aliases,
      configSchema,
      authSchema,
      authType: authTypeOf(auth),
      authMethods: auth.map(({ method }) => method),
      capabilities: { tools: tools.length },
      schemaVersion: description.schema_version ?? 1,
    },
    fieldDocs: fieldDocsOf(description, configSchema, authSchema),
    destinations: (config, given) => destinationsOf(service, settled(config), given),
    summary: (config) => summaryOf(described, settled(config)),
    needsConnection: authorisedByPerson,
    ...(service.oauth && { oauth: oauthProviderOf(description, service.oauth, settled) }),
    checkHealth: (context) => checkHealth(described, context),
    ...(service.whoami && { whoami: (context: ExecutionContext) => whoami(described, context) }),
    tools,
    proxy: {
      base: (config) => addressFor(service.base, settled(config)),
      credential: (given) => credentialOf(description, given),
    },
    ...(description.migrations && { migrations: migrationsOf(description.migrations) }),
    ...(description.rate_limit && {
      rateLimit: {
        limit: description.rate_limit.limit,
        remaining: description.rate_limit.remaining,
        reset: description.rate_limit.reset,
        resetIs: description.rate_limit.reset_is,
      },
    }),
  };
}

/** `per_page` reads as “Per page”. */
const titled = (name: string) => capital(name.replaceAll('_', ' '));

function configSchemaOf({ config }: Description, service: Service): JsonSchema {
  const hosts = hostFields(service);
  const whole = new Set([service.base.entered, service.oauth?.authorization.entered, service.oauth?.token.entered]);
  const fields = Object.entries(config?.properties ?? {}).map(
    ([name, { docs: _docs, ...field }]): [string, JsonSchema] => {
      const plain: JsonSchema = { title: titled(name), ...(field as JsonSchema) };
      if (whole.has(name)) return [name, address(plain, { http: true })];
      if (field.type === 'string' && !field.enum) plain.maxLength ??= 500;
      if (hosts.has(name) && !field.enum && !field.pattern)
        Object.assign(plain, {
          pattern: labelPattern,
          'x-pattern-hint': plain['x-pattern-hint'] ?? 'be a part of a host name: letters, digits and hyphens',
        });
      return [name, plain];
    },
  );
  return object({ ...Object.fromEntries(fields), ...(service.base.entered && { tls }) }, config?.required ?? []);
}

const defaultsIn = ({ properties = {} }: JsonSchema): Values =>
  Object.fromEntries(
    Object.entries(properties).flatMap(([name, field]) => (field.default === undefined ? [] : [[name, field.default]])),
  );

/** What the hub decides, and no service's page tells of. */
const ofTheHub = new Set(['method', 'personal_accounts']);

function fieldDocsOf({ config, auth, docs }: Description, configSchema: JsonSchema, authSchema: JsonSchema) {
  const settings = Object.keys(configSchema.properties ?? {}).filter((name) => name !== 'tls');
  const names = (authSchema.oneOf ?? [])
    .flatMap((variant) => Object.keys(variant.properties ?? {}))
    .filter((name) => !ofTheHub.has(name));
  const about = (name: string) => auth.map(({ fields }) => fields?.[name]?.docs).find(Boolean) ?? docs;
  return {
    ...Object.fromEntries(settings.map((name) => [`config.${name}`, config?.properties[name]?.docs ?? docs])),
    ...(configSchema.properties?.tls && tlsDocs),
    ...Object.fromEntries(names.map((name) => [`auth.${name}`, about(name)])),
  };
}

function summaryOf({ service }: Described, config: Values): string {
  if (service.summary) return fillText(service.summary, { config }) ?? '';
  return isFixed(service.base) ? '' : hostOf(addressFor(service.base, config));
}

async function checkHealth(described: Described, context: ExecutionContext): Promise<HealthReport> {
  const { health } = described.service;
  if (!health) return { message: `Signed in as ${(await whoami(described, context)).label}.` };
  const account = health.message.parts.some(
    (part) => typeof part !== 'string' && part.some(({ source }) => source === 'account'),
  );
  const sources = await sourcesOf(described, context, health, {}, account);
  const { status, body } = await send(described, context, health, sources);
  if (health.status && !health.status.includes(status))
    throw new ServiceError(
      'service',
      `The service answers with HTTP ${status}, which is not the answer of a healthy one.`,
      { status },
    );
  if (health.has.some((path) => [undefined, null, ''].includes(valueAt(body, path) as undefined)))
    throw new ServiceError('service', 'Something answered, but not what this service answers. Check its address.', {
      status,
    });
  return { message: fillText(health.message, { ...sources, answer: body }) ?? 'It answers.' };
}

async function whoami(described: Described, context: ExecutionContext): Promise<Account> {
  const asked = described.service.whoami;
  if (!asked) throw new TypeError('This description says nothing about accounts.');
  const { body } = await send(described, context, asked, {});
  const id = valueAt(body, asked.id);
  if (!['string', 'number'].includes(typeof id) || id === '')
    throw new ServiceError(
      'service',
      'The service answered without saying who is connected. Check its address, or try again later.',
    );
  return {
    externalId: String(id),
    label: fillText(asked.label, { answer: body, config: described.settled(context.config) }) || String(id),
  };
}

/** What templates may name; the account is asked for only where one does. */
async function sourcesOf(
  described: Described,
  context: ExecutionContext,
  { request }: Operation,
  input: Values,
  always = false,
): Promise<Sources> {
  if (!always && !namesAccount(request, { input, config: described.settled(context.config) })) return { input };
  const { externalId, label } = await whoami(described, context);
  return { input, account: { id: externalId, label } };
}

function toolOf(described: Described, tool: ToolDescription, compiled: CompiledTool, foreign: boolean): Tool {
  const input = inputSchemaOf(tool);
  const defaults = defaultsIn(input);
  return {
    slug: tool.name,
    title: tool.title,
    description: tool.description,
    input,
    output: outputSchemaOf(compiled),
    sideEffect: tool.side_effect ?? sideEffectOfMethod(compiled.request.method),
    ...(tool.scopes && { scopes: tool.scopes }),
    ...(foreign && { foreign: true as const }),
    run: async (context, given) => {
      const sources = await sourcesOf(described, context, compiled, { ...defaults, ...given });
      return shaped(await send(described, context, compiled, sources), compiled.response);
    },
  };
}

export function inputSchemaOf({ input }: Pick<ToolDescription, 'input'>): JsonSchema {
  const properties = Object.entries(input?.properties ?? {}).map(([name, schema]) => [
    name,
    { title: titled(name), ...schema },
  ]);
  return object(Object.fromEntries(properties), input?.required ?? []);
}

function outputSchemaOf({ response: { items, fields, next } }: CompiledTool): JsonSchema {
  const thing: JsonSchema = {
    type: 'object',
    ...(fields && { properties: Object.fromEntries(fields.map(([name]) => [name, {}])) }),
  };
  if (!items) return thing;
  return object(
    {
      items: { type: 'array', items: fields ? thing : {} },
      ...(next && { next_cursor: { type: ['string', 'null'] } }),
    },
    ['items'],
  );
}

const migrationsOf = (migrations: NonNullable<Description['migrations']>): Record<number, SchemaMigration> =>
  Object.fromEntries(
    migrations.map(({ from, describe, rename = {}, remove = [] }) => [
      from,
      {
        describe,
        migrate(config, auth) {
          const settings: Values = { config, auth };
          for (const [old, place] of Object.entries(rename)) {
            const value = getAt(settings, old);
            deleteAt(settings, old);
            if (value !== undefined) setAt(settings, place, value);
          }
          for (const gone of remove) deleteAt(settings, gone);
          return { config, auth };
        },
      },
    ]),
  );
