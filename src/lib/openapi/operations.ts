import { addressBelow } from '../address-below.ts';
import { oneLine } from '../one-line.ts';
import { readForeign } from '../schema/foreign-lint.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { unstorableTexts } from '../schema/limits.ts';
import { argumentsOf, jsonContent, placeholder } from './arguments.ts';
import { isMap, OpenApiError, parseOpenApi, resolved, type Tree } from './document.ts';
import { type Method, type OpenApiReading, openApiLimits, type ReadOperation } from './operation.ts';
import { SchemaReader } from './schemas.ts';

const methods: Record<string, Method> = {
  get: 'GET',
  head: 'HEAD',
  post: 'POST',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};

/** All operations of a document. It may take long: read what others wrote by `readOpenApi`. @throws OpenApiError */
export function operationsIn(text: string): OpenApiReading {
  const document = parseOpenApi(text);
  const found = listed(document);
  if (found.length > openApiLimits.operations)
    throw new OpenApiError(
      `The document has ${found.length.toLocaleString('en')} operations; ${openApiLimits.operations.toLocaleString('en')} can be read. Cut it down to those that you need.`,
    );
  if (!found.length) throw new OpenApiError('The document has no operations: “paths” is empty or missing.');
  const info = isMap(document.info) ? document.info : {};
  const reading: OpenApiReading = {
    title: oneLine(String(info.title ?? ''), 200),
    version: oneLine(String(info.version ?? ''), 50),
    servers: serversOf(document),
    operations: [],
    refused: [],
  };
  for (const each of found) readInto(reading, document, each);
  return reading;
}

interface Listed {
  path: string;
  method: Method;
  item: Tree;
  operation: Tree;
}

function listed(document: Tree): Listed[] {
  const paths = isMap(document.paths) ? document.paths : {};
  return Object.entries(paths).flatMap(([path, source]) => {
    const item = orNull(() => resolved(document, source));
    if (!isMap(item)) return [];
    return Object.entries(methods).flatMap(([word, method]) => {
      const operation = Object.hasOwn(item, word) ? item[word] : undefined;
      return isMap(operation) ? [{ path, method, item, operation }] : [];
    });
  });
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function readInto(reading: OpenApiReading, document: Tree, each: Listed) {
  try {
    reading.operations.push(readOperation(document, each));
  } catch (error) {
    if (!(error instanceof OpenApiError)) throw error;
    reading.refused.push({ method: each.method, path: oneLine(each.path, 200), reason: error.message });
  }
}

function readOperation(document: Tree, { path, method, item, operation }: Listed): ReadOperation {
  requirePath(path);
  const { operationId, summary, description, deprecated } = operation;
  const named = typeof operationId === 'string' && operationId.trim() ? oneLine(operationId) : null;
  const said = (text: unknown): text is string => typeof text === 'string' && text.trim() !== '';
  const place = `${method} ${path}`;
  const about = said(description) ? description : said(summary) ? `${summary} (${place})` : place;
  const { input, parameters, body } = fitting((descriptions) => {
    const reader = new SchemaReader(document, { side: 'request', descriptions });
    return argumentsOf(document, path, item, operation, reader);
  });
  return {
    operationId: named,
    title: oneLine(said(summary) ? summary : (named ?? place), 100),
    description: oneLine(`${deprecated === true ? 'Deprecated. ' : ''}${about}`, 1_000),
    request: { method, path, parameters, body: ['GET', 'HEAD'].includes(method) ? null : body },
    input: ['GET', 'HEAD'].includes(method) ? withoutBody(input) : input,
    output: outputOf(document, operation),
  };
}

/** Nothing but a path below the base URL, whatever is put in place of its parameters. */
function requirePath(path: string) {
  const plain = path.replace(placeholder, 'x');
  if (path.length > 1_000 || /[{}?#\s]/.test(plain) || !addressBelow('https://service.example/base', plain))
    throw new OpenApiError('Its path is none below the base URL.');
}

/** As it is, or without descriptions when it is too long with them. @throws OpenApiError when neither passes the lint */
function fitting<T extends { input: JsonSchema }>(make: (descriptions: boolean) => T): T {
  let reasons: string[] = [];
  for (const descriptions of [true, false]) {
    const made = make(descriptions);
    const read = readForeign(JSON.stringify(made.input));
    if (!('reasons' in read) && !unstorableTexts(made.input).length) return made;
    reasons = 'reasons' in read ? read.reasons : ['a text in it cannot be saved.'];
  }
  throw new OpenApiError(`Its schema cannot be used: ${reasons[0]}`);
}

const withoutBody = ({ properties: { body, ...properties } = {}, required = [], ...rest }: JsonSchema): JsonSchema => ({
  ...rest,
  properties,
  required: required.filter((name) => name !== 'body'),
});

/** The answer as tools give it; what the document says of its body only as far as that can be used. */
function outputOf(document: Tree, operation: Tree): JsonSchema {
  const output = (body: JsonSchema): JsonSchema => ({
    type: 'object',
    properties: {
      status: { type: 'integer', title: 'Status' },
      headers: { type: 'object', title: 'Headers' },
      body: { title: 'Body', ...body },
    },
  });
  const { input } = orNull(() =>
    fitting((descriptions) => {
      const reader = new SchemaReader(document, { side: 'response', descriptions });
      return { input: output(reader.read(answerOf(document, operation), 1)) };
    }),
  ) ?? { input: output({}) };
  return input;
}

function answerOf(document: Tree, { responses }: Tree): unknown {
  const codes = isMap(responses)
    ? Object.keys(responses)
        .filter((code) => /^2/.test(code))
        .sort()
    : [];
  const answer = isMap(responses) ? resolved(document, responses[codes[0] ?? '']) : undefined;
  return isMap(answer) ? jsonContent(answer.content) : undefined;
}

/** Addresses with their variables' defaults; only for a hint. */
function serversOf({ servers }: Tree): string[] {
  const list = Array.isArray(servers) ? servers.slice(0, 5) : [];
  return list.filter(isMap).flatMap(({ url, variables }) => {
    if (typeof url !== 'string') return [];
    const initial = (name: string) => {
      const variable = isMap(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
      return isMap(variable) ? String(variable.default ?? '') : '';
    };
    return [
      oneLine(
        url.replace(placeholder, (_, name: string) => initial(name)),
        300,
      ),
    ];
  });
}
