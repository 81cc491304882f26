import type { JsonSchema, Scalar } from '../schema/json-schema.ts';
import { baseType, isSecret, tagOf, tagValues } from '../schema/shape.ts';
import type { FieldKind } from './field.ts';

// What the renderer and the parser must agree on: which control a field gets and what its name is.

/** Where an object stands: its name in the form and its dotted path in the value. '' is the root. */
export interface Seat {
  name: string;
  path: string;
}

export interface Member extends Seat {
  key: string;
  schema: JsonSchema;
  required: boolean;
}

export interface Variant extends Seat {
  schema: JsonSchema;
  value: Scalar;
}

/** The choice among the variants of an object. */
export interface Choice extends Seat {
  tag: string;
  variants: Variant[];
}

const join = (parent: string, child: string) => (parent ? `${parent}.${child}` : child);

/** An object's own properties in order, without the tag that a choice sets. */
export function membersOf(schema: JsonSchema, seat: Seat, tag = tagOf(schema)): Member[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== tag)
    .map(([key, child]) => ({
      key,
      schema: child,
      name: join(seat.name, key),
      path: join(seat.path, key),
      required: schema.required?.includes(key) ?? false,
    }))
    .sort((a, b) => orderOf(a.schema) - orderOf(b.schema));
}

const orderOf = (schema: JsonSchema) => schema['x-order'] ?? Number.MAX_SAFE_INTEGER;

/** The choice that an object offers, or undefined. Its name is the tag's, as if that were an ordinary field. */
export function choiceOf(schema: JsonSchema, seat: Seat): Choice | undefined {
  const tag = tagOf(schema);
  if (!tag) return undefined;
  const values = tagValues(schema);
  const variants = (schema.oneOf ?? []).map((variant, index) => ({
    schema: variant,
    value: values[index] ?? '',
    name: join(seat.name, `~${index}`),
    path: seat.path,
  }));
  return { tag, name: join(seat.name, tag), path: join(seat.path, tag), variants };
}

/** The variant's fields without the tag, which the picker stands for. */
export function withoutTag(variant: JsonSchema, tag: string): JsonSchema {
  const { [tag]: _picked, ...properties } = variant.properties ?? {};
  return { ...variant, properties };
}

/** The kind of control that a field gets. */
export function kindOf(schema: JsonSchema): FieldKind {
  if (schema.const !== undefined) return 'hidden';
  if (schema['x-readonly']) return 'computed';
  if (isComplex(schema)) return 'json';
  const type = baseType(schema);
  if (type === 'object') return 'group';
  if (type === 'array') return schema.items?.enum ? 'checklist' : 'lines';
  if (type === 'boolean') return 'checkbox';
  if (schema.enum) return 'select';
  if (type === 'number' || type === 'integer') return 'number';
  if (schema['x-multiline']) return 'textarea';
  return isSecret(schema) ? 'password' : 'text';
}

const beyondControls = ['$ref', 'if', 'allOf', 'anyOf', 'not', 'patternProperties', 'dependentSchemas', 'prefixItems'];

/** True for what single controls cannot express: it is entered as JSON. */
function isComplex(schema: JsonSchema): boolean {
  if (beyondControls.some((keyword) => keyword in schema)) return true;
  const type = baseType(schema);
  if (type === 'object') return schema.oneOf ? !tagOf(schema) : !schema.properties;
  if (schema.oneOf) return true;
  if (type !== 'array') return false;
  return !schema.items || !['string', 'number', 'integer'].includes(baseType(schema.items)) || isComplex(schema.items);
}

/** Name of the checkbox that removes a stored secret. */
export const clearNameOf = (name: string) => `${name}.~clear`;

/** True while the field's condition holds; `read` tells the value of the control beside it. */
export function isShown(schema: JsonSchema, read: (key: string) => unknown): boolean {
  const condition = schema['x-visible-when'];
  return !condition || valuesOf(condition).includes(read(condition.field) as Scalar);
}

/** The values for which a condition holds. */
export const valuesOf = (condition: NonNullable<JsonSchema['x-visible-when']>): Scalar[] => [condition.equals].flat();
