import type { JsonSchema } from './json-schema.ts';
import { baseType, isSecret, tagOf } from './shape.ts';
import { xKeywords } from './vocabulary.ts';

/**
 * What is wrong with a schema of ours, one sentence a finding that begins with the dotted path; `[]` when it is fit to use.
 * It says nothing about values: compiling finds misspelt standard keywords.
 */
export function lintSchema(schema: JsonSchema): string[] {
  if (baseType(schema) !== 'object') return ['(root): must be an object schema.'];
  return [...lintObject(schema, '', false), ...lintApart(schema, '')];
}

const apart = ['$defs', 'definitions', 'patternProperties', 'allOf', 'anyOf', 'dependentSchemas', 'prefixItems'];
const single = ['additionalProperties', 'if', 'then', 'else', 'not'];

/** What stands outside of fields (definitions, conditions, values of maps): our keywords there, and secrets, which nothing would seal. */
function lintApart(schema: JsonSchema, path: string): string[] {
  const variants = Object.entries({ ...schema.oneOf }) as [string, JsonSchema][];
  const items: [string, JsonSchema][] = schema.items ? [['items', schema.items]] : [];
  const inFields = [...Object.entries(schema.properties ?? {}), ...variants, ...items];
  const lists = apart.flatMap((word) =>
    Object.entries(schema[word] ?? {}).map(([name, part]) => [`${word}.${name}`, part]),
  );
  const parts = [...lists, ...single.map((word) => [word, schema[word]])] as [string, unknown][];
  const at = (name: string) => (path ? `${path}.${name}` : name);
  return [
    ...inFields.flatMap(([name, child]) => lintApart(child, at(name))),
    ...parts.filter(isPart).flatMap(([name, part]) => {
      const known = conditions.test(name) ? new Set(Object.keys(schema.properties ?? {})) : nothing;
      return [...lintPart(part, at(name), known), ...lintApart(part, at(name))];
    }),
  ];
}

/** These speak about fields that are declared beside them. */
const conditions = /^(if|then|else|not|allOf|anyOf|dependentSchemas)\b/;
const nothing: ReadonlySet<string> = new Set();

const isPart = (part: [string, unknown]): part is [string, JsonSchema] =>
  typeof part[1] === 'object' && part[1] !== null;

/** Keywords of the part itself and of all fields that it declares. */
function lintPart(part: JsonSchema, path: string, known: ReadonlySet<string>): string[] {
  const variants = Object.entries({ ...part.oneOf }) as [string, JsonSchema][];
  const fields = Object.entries(part.properties ?? {}).filter(([key]) => !known.has(key));
  const inside = [...fields, ...variants, ...(part.items ? [['items', part.items] as const] : [])];
  return [
    ...lintKeywords(part, path),
    ...lintPlace(part, path),
    ...lintSecrets(part, path),
    ...inside.flatMap(([key, field]) => lintPart(field, `${path}.${key}`, nothing)),
  ];
}

/** Sealing and computing go by the path of a field; in a list, a map, a definition or a condition it has none. */
const lintPlace = (field: JsonSchema, path: string): string[] => [
  ...(isSecret(field) ? [`${path}: no x-secret here; a secret needs a path of its own.`] : []),
  ...(field['x-readonly'] ? [`${path}: no x-readonly here; what the hub computes needs a path of its own.`] : []),
];

function lintField(field: JsonSchema, path: string, listed: boolean): string[] {
  const type = baseType(field);
  return [
    ...lintKeywords(field, path),
    ...(listed ? lintPlace(field, path) : []),
    ...lintSecrets(field, path),
    ...lintChoices(field, path),
    ...lintPattern(field, path),
    ...(field.const === undefined && !field.title ? [`${path}: needs a title.`] : []),
    ...(type === 'object' ? lintObject(field, path, listed) : []),
    ...(type === 'array' ? lintItems(field, path) : []),
  ];
}

function lintObject(schema: JsonSchema, path: string, listed: boolean): string[] {
  const variants = schema.oneOf ?? [];
  const at = path || '(root)';
  const closed = schema.additionalProperties === false || schema.unevaluatedProperties === false;
  return [
    ...(path ? [] : lintKeywords(schema, at)),
    ...(variants.length && !tagOf(schema)
      ? [`${at}: oneOf needs a discriminator, or a constant that all variants have.`]
      : []),
    ...(variants.length || closed ? [] : lintOpen(schema, at)),
    ...variants.flatMap((variant, index) => lintVariant(variant, `${path ? `${path}.` : ''}~${index}`, listed)),
    ...lintProperties(schema, path, listed),
    ...lintRequired(schema, at),
  ];
}

const lintVariant = (variant: JsonSchema, path: string, listed: boolean): string[] => [
  ...(variant.title ? [] : [`${path}: needs a title; it names the choice.`]),
  ...lintObject(variant, path, listed),
];

/** A map of free names says what its values are; everything else says that nothing else may be in it. */
function lintOpen(schema: JsonSchema, at: string): string[] {
  const values = schema.additionalProperties;
  return typeof values === 'object' && values !== null ? [] : [`${at}: needs additionalProperties: false.`];
}

function lintRequired(schema: JsonSchema, at: string): string[] {
  const defines = (part: JsonSchema, key: string) => Object.hasOwn(part.properties ?? {}, key);
  const variants = schema.oneOf ?? [];
  const missing = (schema.required ?? []).filter(
    (key) => !defines(schema, key) && !(variants.length && variants.every((variant) => defines(variant, key))),
  );
  return missing.map((key) => `${at}: requires the unknown field “${key}”.`);
}

function lintProperties(schema: JsonSchema, path: string, listed: boolean): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const at = path ? `${path}.${key}` : key;
    const named = /^[a-z][a-z0-9_]*$/i.test(key) && key !== 'constructor' && key !== 'prototype';
    return [
      ...(named ? [] : [`${at}: a name has letters, digits and _ only.`]),
      ...lintVisibility(field, schema, at),
      ...lintField(field, at, listed),
    ];
  });
}

function lintKeywords(field: JsonSchema, path: string): string[] {
  const unknown = Object.keys(field).filter((keyword) => keyword.startsWith('x-') && !xKeywords.includes(keyword));
  const help = field['x-help-url'];
  return [
    ...unknown.map((keyword) => `${path}: unknown keyword ${keyword}.`),
    ...(help === undefined || /^https:\/\/\S+$/.test(help) ? [] : [`${path}: x-help-url must be an https address.`]),
  ];
}

const secretName =
  /(^|_)(token|secret|password|passwd|passphrase|api_?key|private_?key|secret_?key|access_?key|credentials?)$/i;

function lintSecrets(field: JsonSchema, path: string): string[] {
  const key = path.slice(path.lastIndexOf('.') + 1);
  const text = baseType(field) === 'string' && !field.enum && field.const === undefined;
  const suspicious = text && secretName.test(key) && field['x-secret'] === undefined && !field.writeOnly;
  return suspicious ? [`${path}: looks like a secret; say "x-secret": true or false.`] : [];
}

function lintItems(field: JsonSchema, path: string): string[] {
  const items = field.items;
  if (!items) return [`${path}: needs items.`];
  const at = `${path}.items`;
  const titled = baseType(items) === 'object' ? items : { title: 'Entry', ...items };
  return lintField(titled, at, true);
}

function lintChoices(field: JsonSchema, path: string): string[] {
  const titles = field['x-enum-titles'];
  if (!titles) return [];
  return titles.length === field.enum?.length
    ? []
    : [`${path}: x-enum-titles must name each of the ${field.enum?.length ?? 0} choices.`];
}

function lintPattern(field: JsonSchema, path: string): string[] {
  if (field.pattern === undefined) return [];
  try {
    new RegExp(field.pattern, 'u');
    return [];
  } catch {
    return [`${path}: the pattern does not compile with the u flag.`];
  }
}

function lintVisibility(field: JsonSchema, parent: JsonSchema, path: string): string[] {
  const condition = field['x-visible-when'];
  if (condition === undefined) return [];
  const { field: key, equals } = condition;
  const control =
    typeof key === 'string' && Object.hasOwn(parent.properties ?? {}, key) ? parent.properties?.[key] : undefined;
  if (!control) return [`${path}: x-visible-when names the unknown field “${key}”.`];
  if (returnsTo(field, control, parent)) return [`${path}: x-visible-when waits for itself.`];
  if (baseType(control) !== 'boolean' && !control.enum)
    return [`${path}: x-visible-when needs a checkbox or a choice, “${key}” is neither.`];
  const possible = control.enum ?? [true, false];
  const impossible = [equals].flat().filter((value) => !(possible as unknown[]).includes(value));
  return impossible.map(
    (value) => `${path}: x-visible-when waits for ${JSON.stringify(value)}, which “${key}” never is.`,
  );
}

/** True when the conditions go round in a circle: nothing would ever show. */
function returnsTo(field: JsonSchema, control: JsonSchema, parent: JsonSchema): boolean {
  const passed = new Set<JsonSchema>();
  let at: JsonSchema | undefined = control;
  for (; at && at !== field && !passed.has(at); at = parent.properties?.[at['x-visible-when']?.field ?? ''])
    passed.add(at);
  return at === field;
}
