/** An API reference as pages show it, made from an OpenAPI document. */
export interface Reference {
  title: string;
  version: string;
  description: string;
  server: string;
  groups: OperationGroup[];
  schemas: NamedSchema[];
}

export interface OperationGroup {
  name: string;
  anchor: string;
  operations: OperationReference[];
}

export interface OperationReference {
  anchor: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  /** The lowest role; '' when the document does not say. */
  role: string;
  /** What an API key needs for it; '' when keys cannot do it, or nobody needs any. */
  scope: string;
  parameters: ParameterReference[];
  /** The body's fields; empty when there is none. */
  body: FieldReference[];
  answers: AnswerReference[];
  curl: string;
}

export interface ParameterReference extends FieldReference {
  /** path, query or header */
  place: string;
}

export interface FieldReference {
  name: string;
  /** How deep it is nested; 0 at the top. */
  depth: number;
  type: string;
  required: boolean;
  description: string;
  /** Anchor of the named schema that it consists of; '' for none. */
  schema: string;
}

export interface AnswerReference {
  status: string;
  description: string;
  /** Name and anchor of the answer's schema. */
  schema: { name: string; anchor: string } | null;
}

export interface NamedSchema {
  name: string;
  anchor: string;
  description: string;
  fields: FieldReference[];
}

type Json = Record<string, unknown>;

/**
 * Reads what people need out of an OpenAPI 3.1 document.
 * @param document as `/openapi.json` serves it: named schemas in `components`, used by `$ref`
 */
export function readReference(document: Json): Reference {
  const info = at(document, 'info');
  const server = String(at(document, 'servers', '0').url ?? '');
  const operations = Object.entries(at(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Json>).map(([method, operation]) => ({ path, method, operation })),
  );
  const names = [...new Set(operations.map(({ operation }) => tagOf(operation)))];
  return {
    title: String(info.title ?? ''),
    version: String(info.version ?? ''),
    description: String(info.description ?? ''),
    server,
    groups: names.map((name) => ({
      name,
      anchor: anchorOf('group', name),
      operations: operations
        .filter(({ operation }) => tagOf(operation) === name)
        .map(({ path, method, operation }) => readOperation(document, server, path, method, operation)),
    })),
    schemas: Object.entries(at(document, 'components', 'schemas')).map(([name, schema]) =>
      namedSchema(name, schema as Json),
    ),
  };
}

const tagOf = (operation: Json) => String((operation.tags as string[] | undefined)?.[0] ?? 'Other');
const anchorOf = (kind: string, name: string) => `${kind}-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;

/** The object at a place in the document; an empty one when there is none. */
function at(value: unknown, ...keys: string[]): Json {
  const found = keys.reduce<unknown>((part, key) => (part as Json | undefined)?.[key], value);
  return (typeof found === 'object' && found !== null ? found : {}) as Json;
}

function readOperation(document: Json, server: string, path: string, method: string, operation: Json) {
  const parameters = (operation.parameters ?? []) as Json[];
  const body = at(operation, 'requestBody', 'content', 'application/json');
  return {
    anchor: anchorOf('operation', String(operation.operationId ?? `${method} ${path}`)),
    method: method.toUpperCase(),
    path,
    summary: String(operation.summary ?? path),
    description: String(operation.description ?? ''),
    role: String(operation['x-role'] ?? ''),
    scope: String(operation['x-scope'] ?? ''),
    parameters: parameters.map(parameterReference),
    body: fieldsOf(resolve(document, at(body, 'schema'))),
    answers: Object.entries(at(operation, 'responses')).map(([status, answer]) =>
      answerReference(document, status, answer as Json),
    ),
    curl: curlFor(server, path, method, operation, parameters, body),
  };
}

function parameterReference(parameter: Json): ParameterReference {
  const schema = at(parameter, 'schema');
  const description = parameter.description ?? schema.description ?? '';
  return {
    name: String(parameter.name),
    place: String(parameter.in),
    depth: 0,
    type: typeOf(schema),
    required: parameter.required === true,
    description: String(description),
    schema: anchorOfRef(schema),
  };
}

function answerReference(document: Json, status: string, answer: Json): AnswerReference {
  const resolved = resolve(document, answer);
  const schema = at(resolved, 'content', 'application/json', 'schema');
  const name = nameOfRef(schema) || nameOfRef(at(schema, 'properties', 'data', 'items'));
  return {
    status,
    description: String(resolved.description ?? ''),
    schema: name ? { name, anchor: anchorOf('schema', name) } : null,
  };
}

const namedSchema = (name: string, schema: Json): NamedSchema => ({
  name,
  anchor: anchorOf('schema', name),
  description: String(schema.description ?? ''),
  fields: fieldsOf(schema),
});

/** The fields of an object with those inside them, except for schemas that have a name and a place of their own. */
function fieldsOf(schema: Json, depth = 0): FieldReference[] {
  const required = (schema.required ?? []) as string[];
  return Object.entries(at(schema, 'properties')).flatMap(([name, value]) => {
    const field = value as Json;
    const inner = at(field, 'items', 'properties');
    return [
      {
        name,
        depth,
        type: typeOf(field),
        required: required.includes(name),
        description: String(field.description ?? ''),
        schema: anchorOfRef(field) || anchorOfRef(at(field, 'items')),
      },
      ...fieldsOf(field, depth + 1),
      ...(Object.keys(inner).length ? fieldsOf(at(field, 'items'), depth + 1) : []),
    ];
  });
}

/** A type in words: `string`, `string or null`, `list of string`, `active or inactive`, `ConnectorResponse`. */
function typeOf(schema: Json): string {
  const name = nameOfRef(schema);
  if (name) return name;
  const choices = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return (schema.enum as unknown[]).map((value) => JSON.stringify(value)).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(at(schema, 'items'))}`;
  const type = [schema.type ?? 'any'].flat().join(' or ');
  return schema.format ? `${type} (${schema.format})` : type;
}

const nameOfRef = (schema: Json) => /^#\/components\/schemas\/(.+)$/.exec(String(schema.$ref ?? ''))?.[1] ?? '';
const anchorOfRef = (schema: Json) => {
  const name = nameOfRef(schema);
  return name ? anchorOf('schema', name) : '';
};

/** Follows a reference inside the document. */
const resolve = (document: Json, value: Json): Json =>
  typeof value.$ref === 'string' ? at(document, ...value.$ref.replace(/^#\//, '').split('/')) : value;

function curlFor(server: string, path: string, method: string, operation: Json, parameters: Json[], body: Json) {
  const isPublic = (operation.security as unknown[] | undefined)?.length === 0;
  const example = (name: string) => parameters.find((parameter) => parameter.name === name)?.example;
  const filled = path.replace(/\{(\w+)\}/g, (whole, name) => String(example(name) ?? whole));
  const lines = [
    `curl ${isPublic ? '-c jar' : operation['x-scope'] ? byKey : '-b jar'} ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}${quoted(server + filled)}`,
    ...(body.example === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body.example, null, 2))}`]),
  ];
  return lines.join(' \\\n  ');
}

/** The program's own key, from where it keeps it. */
const byKey = '-H "Authorization: Bearer $PATCHBAY_KEY"';

/** For a POSIX shell. */
const quoted = (text: string) => (/^[\w:/.,@{}-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
