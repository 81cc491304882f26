import { parseDocument } from 'yaml';
import { openApiLimits } from './operation.ts';

export type Tree = Record<string, unknown>;

export const isMap = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why a document, or a part of it, cannot be used; a sentence for people. */
export class OpenApiError extends Error {
  override name = 'OpenApiError';
}

/** Each alias may be used a few times; those that multiply are a bomb. */
const maxAliases = 200;

/** The document, JSON or YAML. @throws OpenApiError when it is none of a version that we read */
export function parseOpenApi(text: string): Tree {
  if (Buffer.byteLength(text) > openApiLimits.bytes) throw new OpenApiError('The document is larger than 5 MB.');
  if (!text.trim()) throw new OpenApiError('The document is empty.');
  const document = /^\s*\{/.test(text) ? (fromJson(text) ?? fromYaml(text)) : fromYaml(text);
  if (!isMap(document)) throw new OpenApiError('This is no OpenAPI document: it is no object.');
  if (Object.hasOwn(document, 'swagger'))
    throw new OpenApiError(
      'This is a Swagger 2.0 document. Convert it to OpenAPI 3 first, for example with converter.swagger.io.',
    );
  if (!/^3\.[01](\.|$)/.test(String(document.openapi)))
    throw new OpenApiError('This is no OpenAPI document of version 3.0 or 3.1: “openapi” says no such version.');
  return document;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromYaml(text: string): unknown {
  try {
    const parsed = parseDocument(text, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false });
    const [problem] = parsed.errors;
    if (problem) throw new Error(`${problem.message.slice(0, 200)} (line ${lineAt(text, problem.pos[0])})`);
    return parsed.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    const { message } = error as Error; // the library's own error, also when the stack is what ended
    const reason = /call stack/.test(message) ? 'it is nested too deeply' : message.slice(0, 220);
    throw new OpenApiError(`The document can be read neither as JSON nor as YAML: ${reason}.`);
  }
}

const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length;

const prototypeNames = new Set(['__proto__', 'constructor', 'prototype']);
export const isPrototypeName = (name: string): boolean => prototypeNames.has(name);

/** Follows references within the document, as far as they lead to something. @throws OpenApiError */
export function resolved(document: Tree, at: unknown): unknown {
  let found = at;
  for (let hops = 0; isMap(found) && typeof found.$ref === 'string'; hops++) {
    if (hops > 20) throw new OpenApiError('A $ref in it goes round in a circle.');
    found = targetOf(document, found.$ref);
  }
  return found;
}

function targetOf(document: Tree, ref: string): unknown {
  if (!/^#\//.test(ref) || ref.length > 500)
    throw new OpenApiError(`It refers to another document (${ref.slice(0, 100)}), which is not loaded.`);
  const names = ref
    .slice(2)
    .split('/')
    .map((name) => unescaped(name).replaceAll('~1', '/').replaceAll('~0', '~'));
  const target = names.reduce<unknown>(
    (at, name) => ((isMap(at) || Array.isArray(at)) && Object.hasOwn(at, name) ? (at as Tree)[name] : undefined),
    document,
  );
  if (target === undefined) throw new OpenApiError(`It refers to ${ref.slice(0, 100)}, which is not in the document.`);
  return target;
}

function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
