import type { JsonSchema } from './json-schema.ts';
import { baseType, isObject, isSecret, shapeOf, tagOf, tagValues } from './shape.ts';

export { variantIndex } from './shape.ts';

type Values = Record<string, unknown>;

/** The dotted paths of all secrets in the schema, with only the chosen variants of `oneOf`. */
export const secretFields = (schema: JsonSchema, value: unknown): string[] => pathsWhere(schema, value, isSecret);

/** The dotted paths of the fields that the hub computes, with only the chosen variants of `oneOf`. */
export const readonlyFields = (schema: JsonSchema, value: unknown): string[] =>
  pathsWhere(schema, value, (field) => field['x-readonly'] === true);

function pathsWhere(
  schema: JsonSchema,
  value: unknown,
  matches: (field: JsonSchema) => boolean,
  prefix = '',
): string[] {
  return shapeOf(schema, value).properties.flatMap(([key, field]) => {
    if (matches(field)) return [prefix + key];
    return baseType(field) === 'object' ? pathsWhere(field, getAt(value, key), matches, `${prefix}${key}.`) : [];
  });
}

/** The schema of the field at a dotted path, following the variants that the value chose; undefined where there is none. */
export function fieldAt(schema: JsonSchema, value: unknown, path: string): JsonSchema | undefined {
  let field: JsonSchema | undefined = schema;
  let at = value;
  for (const key of path.split('.')) {
    if (!field) return undefined;
    field =
      baseType(field) === 'array' ? field.items : shapeOf(field, at).properties.find(([name]) => name === key)?.[1];
    at = getAt(at, key);
  }
  return field;
}

/** What stands at a dotted path; only own properties count. */
export function getAt(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Values)[key];
  }
  return at;
}

/** Puts something at a dotted path, making the objects on the way. Names that reach a prototype are ignored. */
export function setAt(value: Values, path: string, what: unknown): void {
  const keys = path.split('.');
  if (keys.some((key) => prototypeNames.has(key))) return;
  const last = keys.pop() as string;
  let at: Values = value;
  for (const key of keys) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    if (typeof next !== 'object' || next === null) at[key] = {};
    at = at[key] as Values;
  }
  at[last] = what;
}

/** Takes away what stands at a dotted path; nothing happens where nothing stands. */
export function deleteAt(value: Values, path: string): void {
  const cut = path.lastIndexOf('.');
  const parent = cut < 0 ? value : getAt(value, path.slice(0, cut));
  const key = path.slice(cut + 1);
  if (typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)) delete (parent as Values)[key];
}

const prototypeNames = new Set(['__proto__', 'constructor', 'prototype']);

/** What a new form starts from: the schema's defaults and the first variant of each choice; optional groups stay out. */
export function defaultsOf(schema: JsonSchema): Values {
  const value: Values = isObject(schema.default) ? structuredClone(schema.default) : {};
  const tag = tagOf(schema);
  if (tag && value[tag] === undefined) value[tag] = tagValues(schema)[0];
  const { properties, required } = shapeOf(schema, value);
  for (const [key, field] of properties) {
    if (value[key] !== undefined || field['x-readonly']) continue;
    if (field.default !== undefined) value[key] = structuredClone(field.default);
    else if (required.has(key) && baseType(field) === 'object') value[key] = defaultsOf(field);
  }
  return value;
}
