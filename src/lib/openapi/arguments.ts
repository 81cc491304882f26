import { oneLine } from '../one-line.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isMap, isPrototypeName, OpenApiError, resolved, type Tree } from './document.ts';
import { type OperationParameter, type OperationRequest, openApiLimits } from './operation.ts';
import type { SchemaReader } from './schemas.ts';

/** What a tool takes, and how it goes into the request. */
export interface Arguments extends Pick<OperationRequest, 'parameters' | 'body'> {
  input: JsonSchema;
}

/** Parameters and body as one object. @throws OpenApiError when the operation needs what cannot be sent */
export function argumentsOf(
  document: Tree,
  path: string,
  item: Tree,
  operation: Tree,
  reader: SchemaReader,
): Arguments {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  const parameters: OperationParameter[] = [];
  for (const parameter of parametersOf(document, path, item, operation)) {
    const argument = argumentName(parameter, properties);
    properties[argument] = fieldOf(parameter, argument, reader);
    if (parameter.required) required.push(argument);
    parameters.push({
      argument,
      in: parameter.in,
      name: parameter.name,
      style: styleOf(parameter.source, parameter.in),
    });
  }
  const body = bodyOf(document, operation);
  if (body) {
    properties.body = { title: 'Body', ...reader.read(body.schema, 1) };
    if (body.required) required.push('body');
  }
  return {
    parameters,
    body: body?.type ?? null,
    input: { type: 'object', properties, required, additionalProperties: false },
  };
}

interface Parameter extends Pick<OperationParameter, 'in' | 'name'> {
  required: boolean;
  source: Tree;
}

/** Headers that describe the message or prove the account are the hub's own affair. */
const ownHeaders = ['accept', 'content-type', 'authorization', 'cookie', 'host', 'content-length'];

/** The operation's own go before those of its path; names in the path that nobody describes are texts. */
function parametersOf(document: Tree, path: string, item: Tree, operation: Tree): Parameter[] {
  const found = new Map<string, Parameter>();
  for (const listed of [item.parameters, operation.parameters].flatMap((list) => (Array.isArray(list) ? list : []))) {
    const source = resolved(document, listed);
    if (!isMap(source) || typeof source.name !== 'string' || !source.name) continue;
    const parameter = {
      name: source.name,
      in: source.in as Parameter['in'],
      required: source.required === true,
      source,
    };
    if (found.size >= openApiLimits.parameters)
      throw new OpenApiError(`It has more than ${openApiLimits.parameters} parameters.`);
    if (isSendable(parameter, path)) found.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  for (const [, name = ''] of path.matchAll(placeholder))
    if (!found.has(`path ${name}`)) found.set(`path ${name}`, { name, in: 'path', required: true, source: {} });
  const order = ['path', 'query', 'header'];
  return [...found.values()].sort((a, b) => order.indexOf(a.in) - order.indexOf(b.in));
}

export const placeholder = /\{([^{}]+)\}/g;

function isSendable(parameter: Parameter, path: string): boolean {
  const { name, required } = parameter;
  switch (parameter.in) {
    case 'path':
      parameter.required = true;
      return path.includes(`{${name}}`);
    case 'query':
      return true;
    case 'header':
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name))
        throw new OpenApiError('A header of it has a name that HTTP does not allow.');
      return !ownHeaders.includes(name.toLowerCase());
    default:
      if (required)
        throw new OpenApiError(
          `It needs ${parameter.in === 'cookie' ? 'a cookie' : 'a parameter of unknown kind'} (${oneLine(name, 60)}).`,
        );
      return false;
  }
}

/** As the service calls it where that is a plain name; two of a name are told apart by where they go. */
function argumentName({ name, in: place }: Parameter, taken: Record<string, unknown>): string {
  const plain =
    name
      .replace(/[^A-Za-z0-9_-]+/g, '_')
      .replace(/^[_-]+|[_-]+$/g, '')
      .slice(0, 60) || place;
  const free = (candidate: string) =>
    candidate !== 'body' && !isPrototypeName(candidate) && !Object.hasOwn(taken, candidate);
  const candidates = [plain, `${place}_${plain}`];
  for (let count = 2; ; count++) {
    const found = candidates.find(free);
    if (found) return found;
    candidates.push(`${place}_${plain}_${count}`);
  }
}

function fieldOf({ name, in: place, source }: Parameter, argument: string, reader: SchemaReader): JsonSchema {
  const schema = reader.read(source.schema ?? jsonContent(source.content), 1);
  const description = typeof source.description === 'string' ? oneLine(source.description, 300) : schema.description;
  const field: JsonSchema = {
    ...(place === 'path' && { type: 'string' }),
    ...schema,
    ...(description && { description }),
  };
  if (argument !== name) field.title = oneLine(name, 100);
  // An empty part of a path would name another resource.
  if (place === 'path' && field.type === 'string') field.minLength = Math.max(1, Number(field.minLength ?? 1));
  return field;
}

function styleOf({ style, explode, content }: Tree, place: OperationParameter['in']): OperationParameter['style'] {
  if (content !== undefined) return 'json';
  if (style === 'deepObject') return 'deep';
  return place === 'query' && explode !== false && (style === undefined || style === 'form') ? 'explode' : 'join';
}

interface Body {
  type: 'json' | 'form';
  schema: unknown;
  required: boolean;
}

function bodyOf(document: Tree, operation: Tree): Body | null {
  const source = resolved(document, operation.requestBody);
  if (!isMap(source) || !isMap(source.content)) return null;
  const required = source.required === true;
  const json = jsonContent(source.content);
  if (json) return { type: 'json', schema: json, required };
  const form = contentOf(source.content, /^application\/x-www-form-urlencoded\b/i);
  if (form) return { type: 'form', schema: form, required };
  const kinds = Object.keys(source.content).slice(0, 3).join(', ');
  if (required)
    throw new OpenApiError(`Its body is ${oneLine(kinds, 100) || 'of no kind'}; JSON and forms can be sent.`);
  return null;
}

/** The schema of what is JSON in a map of content types; undefined when nothing is. */
export const jsonContent = (content: unknown): unknown => contentOf(content, /[/+]json\b/i);

function contentOf(content: unknown, type: RegExp): unknown {
  const found = isMap(content) ? Object.entries(content).find(([name]) => type.test(name))?.[1] : undefined;
  return isMap(found) ? (found.schema ?? {}) : undefined;
}
