import { type TProperties, Type } from '@sinclair/typebox';

// What the format is put together from.

/** No other members; what is misspelt is found. */
export const closed = <T extends TProperties>(properties: T, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description && { description }) });
export const optional = Type.Optional;
export const text = (description: string, maxLength = 500) => Type.String({ minLength: 1, maxLength, description });
export const https = (description: string) =>
  Type.String({
    pattern: '^https://[^\\s]+$',
    maxLength: 2048,
    description,
    'x-pattern-hint': 'be an address that starts with https://',
  });
export const template = (description: string, maxLength = 2048) => Type.String({ maxLength, description });
export const path = (description: string) => Type.String({ maxLength: 300, description });
export const word = {
  pattern: '^[a-z][a-z0-9_]*$',
  maxLength: 64,
  'x-pattern-hint': 'have small letters, digits and _ only, and begin with a letter',
};
export const values = <T extends Parameters<typeof Type.Record>[1]>(
  value: T,
  description: string,
  maxProperties = 50,
) => Type.Record(Type.String(), value, { description, maxProperties });

export const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
export const oneOf = <const T extends string>(choices: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...choices], description });
export const fieldName = Type.String({ ...word });
