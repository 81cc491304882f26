import { type Address, settingsIn } from '../lib/declarative/addresses.ts';
import type { Problem } from '../lib/declarative/documents.ts';
import { compileErrors } from './declarative-compile-errors.ts';
import { compileHeaders } from './declarative-compile-headers.ts';
import { compileRequest } from './declarative-compile-request.ts';
import { checkMigrations, checkNames, unknownRequired } from './declarative-consistency.ts';
import type { Description } from './declarative-format.ts';
import type { ErrorsDescription, RequestDescription, ToolDescription } from './declarative-format-tools.ts';
import { type At, Reading, type Scope } from './declarative-reading.ts';
import type { CompiledTool, Endpoints, Operation, Service } from './declarative-service.ts';

// What a description says, read once: whatever does not make sense is told with its place.

/** With everything that is wrong; what is not fit to be read is a harmless stand-in in the service then. */
export function compileService(description: Description): { service: Service; problems: Problem[] } {
  const reading = new Reading(description);
  const service = readService(reading);
  return { service, problems: reading.problems };
}

function readService(reading: Reading): Service {
  const d = reading.description;
  const base = reading.address(d.base_url, ['base_url']);
  const endpoints = endpointsOf(reading);
  const headers = compileHeaders(reading, d.headers, ['headers'], {});
  const shared = d.errors;
  const whoami = d.whoami && {
    ...operationOf(reading, d.whoami, shared, ['whoami'], {}),
    id: reading.path(d.whoami.id, ['whoami', 'id']),
    label: reading.template(d.whoami.label, ['whoami', 'label'], { answer: true }),
  };
  const account = Boolean(whoami);
  const health = d.health && {
    ...operationOf(reading, d.health, shared, ['health'], { account }),
    status: d.health.healthy?.status ?? null,
    has: (d.health.healthy?.has ?? []).map((path, index) => reading.path(path, ['health', 'healthy', 'has', index])),
    message: reading.template(d.health.message ?? 'It answers.', ['health', 'message'], { account, answer: true }),
  };
  if (!health && !whoami)
    reading.problem([], 'Nothing says how to see that the service works. Describe health, whoami or both.');
  const summary = d.summary === undefined ? null : reading.template(d.summary, ['summary'], {});
  const tools = (d.tools ?? []).map((tool, index) => toolOf(reading, tool, ['tools', index], account));
  checkNames(reading);
  checkMigrations(reading);
  return { base, headers, health: health ?? null, whoami: whoami ?? null, tools, summary, ...endpoints };
}

function endpointsOf(reading: Reading): Pick<Service, 'oauth' | 'clientCredentials'> {
  let oauth: Endpoints | null = null;
  let clientCredentials: { token: Address } | null = null;
  for (const [index, auth] of reading.description.auth.entries()) {
    const at = (name: string): At => ['auth', index, name];
    if (auth.method === 'oauth2') {
      const optional = (text: string | undefined, name: string) =>
        text === undefined ? null : reading.address(text, at(name));
      oauth = {
        authorization: reading.address(auth.authorization_url, at('authorization_url')),
        token: reading.address(auth.token_url, at('token_url')),
        revocation: optional(auth.revocation_url, 'revocation_url'),
        issuer: optional(auth.issuer, 'issuer'),
      };
    }
    if (auth.method === 'client_credentials') {
      const token = reading.address(auth.token_url, at('token_url'));
      if (settingsIn(token).length)
        reading.problem(at('token_url'), 'It has to be a fixed address here, without placeholders.');
      clientCredentials = { token };
    }
  }
  return { oauth, clientCredentials };
}

function operationOf(
  reading: Reading,
  { request, errors }: { request: RequestDescription; errors?: ErrorsDescription },
  shared: ErrorsDescription | undefined,
  at: At,
  scope: Scope,
): Operation {
  return {
    request: compileRequest(reading, request, [...at, 'request'], scope),
    errors: compileErrors(reading, errors, shared, at),
  };
}

function toolOf(reading: Reading, tool: ToolDescription, at: At, account: boolean): CompiledTool {
  const input = tool.input?.properties ?? {};
  const always = Object.keys(input).filter(
    (name) => tool.input?.required?.includes(name) || (input[name] as { default?: unknown }).default !== undefined,
  );
  unknownRequired(reading, tool.input, [...at, 'input']);
  const { items, value, fields, next } = tool.response ?? {};
  const place = (name: string): At => [...at, 'response', name];
  if (items !== undefined && value !== undefined)
    reading.problem(place('value'), 'There are items already. Keep one of the two.');
  if (next !== undefined && items === undefined)
    reading.problem(place('next'), 'Only a list has a next page. Say where the items are.');
  return {
    ...operationOf(reading, tool, reading.description.errors, at, { input, always, account }),
    response: {
      items: items === undefined ? null : reading.path(items, place('items')),
      value: reading.path(value ?? '', place('value')),
      fields: fields
        ? Object.entries(fields).map(([name, path]) => [name, reading.path(path, [...place('fields'), name])])
        : null,
      next: next === undefined ? null : reading.path(next, place('next')),
    },
  };
}
