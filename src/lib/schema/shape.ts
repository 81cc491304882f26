import type { JsonSchema } from './json-schema.ts';

/** The fields that an object has once its variant is chosen. */
export interface Shape {
  properties: [key: string, schema: JsonSchema][];
  required: ReadonlySet<string>;
}

/** The object's own properties plus those of the variant that the value names; without a choice only the own ones. */
export function shapeOf(schema: JsonSchema, value: unknown): Shape {
  const own = Object.entries(schema.properties ?? {});
  const chosen = schema.oneOf?.[variantIndex(schema, value)];
  if (!chosen) return { properties: own, required: new Set(schema.required) };
  const variant = shapeOf(chosen, value);
  const added = variant.properties.filter(([key]) => !Object.hasOwn(schema.properties ?? {}, key));
  return {
    properties: [...own, ...added],
    required: new Set([...(schema.required ?? []), ...variant.required]),
  };
}

/** Which of the `oneOf` variants the value's tag names; -1 when it names none. */
export function variantIndex(schema: JsonSchema, value: unknown): number {
  const tag = tagOf(schema);
  if (!tag || !isObject(value) || !Object.hasOwn(value, tag)) return -1;
  return tagValues(schema).indexOf(value[tag] as string);
}

/** The property that tells the `oneOf` variants apart: the discriminator, or a constant that all of them have. */
export function tagOf(schema: JsonSchema): string | undefined {
  if (!schema.oneOf?.length) return undefined;
  if (schema.discriminator) return schema.discriminator.propertyName;
  const constants = Object.entries(schema.oneOf[0]?.properties ?? {}).filter(([, child]) => child.const !== undefined);
  return constants.find(([key]) =>
    schema.oneOf?.every((variant) => variant.properties?.[key]?.const !== undefined),
  )?.[0];
}

/** The tag's value of each variant, in their order. */
export function tagValues(schema: JsonSchema): (string | number | boolean | undefined)[] {
  const tag = tagOf(schema);
  return (schema.oneOf ?? []).map((variant) => (tag ? variant.properties?.[tag]?.const : undefined));
}

/** `writeOnly` says the same unless `x-secret` is stated. */
export const isSecret = (schema: JsonSchema) => schema['x-secret'] ?? schema.writeOnly === true;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The type that a control is made for; null beside it only says that the value may be missing. */
export function baseType(schema: JsonSchema): string {
  const stated = Array.isArray(schema.type) ? schema.type.find((type) => type !== 'null') : schema.type;
  if (stated) return stated;
  if (schema.properties || schema.oneOf) return 'object';
  if (schema.items) return 'array';
  const sample = schema.const ?? schema.enum?.[0];
  return sample === undefined ? 'string' : typeof sample;
}
