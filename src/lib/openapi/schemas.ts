import { RE2JS } from 're2js';
import { oneLine } from '../one-line.ts';
import { foreignLimits } from '../schema/foreign-lint.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isMap, isPrototypeName, resolved, type Tree } from './document.ts';

export interface SchemaOptions {
  /** What only the other side sets is left out: `readOnly` in requests, `writeOnly` in answers. */
  side: 'request' | 'response';
  /** False saves space in a schema that is too long with them. */
  descriptions: boolean;
}

/**
 * The schemas of a document as ones of draft 2020-12 that stand for themselves: references are put in place, and what is too deep, too
 * wide, recursive or unknown takes anything. So they pass the lint of foreign schemas by the way they are made. One reader serves one
 * operation: what it makes shares its limits.
 */
export class SchemaReader {
  readonly #document: Tree;
  readonly #options: SchemaOptions;
  readonly #above = new Set<unknown>();
  readonly #left = { nodes: 300, properties: foreignLimits.properties - 45, variants: foreignLimits.allVariants - 8 };

  constructor(document: Tree, options: SchemaOptions) {
    this.#document = document;
    this.#options = options;
  }

  /** @throws OpenApiError for a reference that leads out of the document or to nothing */
  read(source: unknown, depth: number): JsonSchema {
    const at = resolved(this.#document, source);
    if (!isMap(at) || this.#above.has(at) || this.#left.nodes <= 0) return {};
    this.#left.nodes -= 1;
    this.#above.add(at);
    const schema = this.#convert(this.#merged(at), depth);
    this.#above.delete(at);
    return schema;
  }

  /** What `allOf` puts together, as one schema: forms and people cope better with that. */
  #merged(at: Tree, depth = 0): Tree {
    if (!Array.isArray(at.allOf) || depth > 5) return at;
    const { allOf, additionalProperties, ...own } = at;
    const parts = allOf.slice(0, 10).map((part) => resolved(this.#document, part));
    const all = [own, ...parts.filter(isMap).map((part) => this.#merged(part, depth + 1))];
    const merged: Tree = Object.assign({}, ...all.toReversed());
    const properties = all.flatMap((each) => (isMap(each.properties) ? Object.entries(each.properties) : []));
    if (properties.length) merged.properties = Object.fromEntries(properties);
    merged.required = all.flatMap((each) => (Array.isArray(each.required) ? each.required : []));
    delete merged.additionalProperties;
    return merged;
  }

  #convert(at: Tree, depth: number): JsonSchema {
    const types = typesOf(at);
    const schema: JsonSchema = {
      ...(types.length && { type: types.length === 1 ? types[0] : types }),
      ...(this.#options.descriptions &&
        typeof at.description === 'string' && { description: oneLine(at.description, 300) }),
      ...choicesOf(at, types),
      ...boundsOf(at),
    };
    if (depth >= foreignLimits.depth) return schema;
    return { ...schema, ...this.#listOf(at, depth), ...this.#objectOf(at, depth), ...this.#variantsOf(at, depth) };
  }

  #listOf(at: Tree, depth: number): JsonSchema {
    return at.items === undefined ? {} : { items: this.read(at.items, depth + 1) };
  }

  #objectOf(at: Tree, depth: number): JsonSchema {
    const hidden = this.#options.side === 'request' ? 'readOnly' : 'writeOnly';
    const properties: Record<string, JsonSchema> = {};
    for (const [name, child] of Object.entries(isMap(at.properties) ? at.properties : {})) {
      const field = resolved(this.#document, child);
      if (isPrototypeName(name) || name.length > 100 || !isMap(field) || field[hidden] === true) continue;
      if (this.#left.properties-- <= 0) return {};
      properties[name] = this.read(child, depth + 1);
    }
    const names = Object.keys(properties);
    const required = Array.isArray(at.required) ? [...new Set(at.required)].filter((name) => names.includes(name)) : [];
    return {
      ...(names.length && { properties }),
      ...(required.length && { required }),
      ...(at.additionalProperties === false && names.length && { additionalProperties: false }),
      ...(isMap(at.additionalProperties) && { additionalProperties: this.read(at.additionalProperties, depth + 1) }),
    };
  }

  /** Whether exactly one fits cannot be said any more once parts take anything: any of them will do. */
  #variantsOf(at: Tree, depth: number): JsonSchema {
    const list = [at.oneOf, at.anyOf].find(Array.isArray);
    if (!list?.length || list.length > foreignLimits.variants || list.length > this.#left.variants) return {};
    this.#left.variants -= list.length;
    return { anyOf: list.map((each) => this.read(each, depth + 1)) };
  }
}

const typeNames = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'];

function typesOf(at: Tree): string[] {
  const stated = [at.type].flat().filter((type) => typeNames.includes(type as string)) as string[];
  const types = stated.length || !isMap(at.properties) ? stated : ['object'];
  return at.nullable === true && types.length && !types.includes('null') ? [...types, 'null'] : types;
}

const isScalar = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value);
const isShort = (value: unknown) => isScalar(value) && String(value).length <= 500;

function choicesOf(at: Tree, types: string[]): JsonSchema {
  const choices = Array.isArray(at.enum) && at.enum.length && at.enum.length <= foreignLimits.choices ? at.enum : null;
  const nullable = types.includes('null') && choices && !choices.includes(null) ? [null] : [];
  return {
    ...(choices?.every(isShort) && { enum: [...new Set([...choices, ...nullable])] as string[] }),
    ...(at.const !== undefined && isShort(at.const) && { const: at.const as string }),
    ...(at.default !== undefined && at.default !== null && isShort(at.default) && { default: at.default }),
  };
}

/** Those that say how a text is written and that our compiler knows. */
const formats = ['date', 'date-time', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'];
const counts = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];

function boundsOf(at: Tree): JsonSchema {
  const schema: JsonSchema = {};
  for (const word of counts) if (Number.isSafeInteger(at[word]) && Number(at[word]) >= 0) schema[word] = at[word];
  for (const word of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])
    if (Number.isFinite(at[word])) schema[word] = at[word];
  for (const [word, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const)
    if (at[word] === true && schema[limit] !== undefined) {
      schema[word] = schema[limit]; // as version 3.0 says it
      delete schema[limit];
    }
  if (Number.isFinite(at.multipleOf) && Number(at.multipleOf) > 0) schema.multipleOf = at.multipleOf;
  if (at.uniqueItems === true && Number(at.maxItems) <= foreignLimits.uniqueItems) schema.uniqueItems = true;
  if (formats.includes(at.format as string)) schema.format = at.format as string;
  if (typeof at.pattern === 'string' && isPattern(at.pattern)) schema.pattern = at.pattern;
  return schema;
}

/** One that the engine without backtracking takes; others are no reason to refuse the operation. */
function isPattern(pattern: string): boolean {
  if (pattern.length > foreignLimits.pattern) return false;
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
