/** A JSON Schema (draft 2020-12 as Ajv reads it) plus the x- keywords of `vocabulary.ts`. */
export interface JsonSchema {
  [keyword: string]: unknown;
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  discriminator?: { propertyName: string };
  enum?: (string | number)[];
  const?: string | number | boolean;
  default?: unknown;
  format?: string;
  pattern?: string;
  writeOnly?: boolean;
  'x-secret'?: boolean;
  'x-order'?: number;
  'x-group'?: string;
  'x-multiline'?: boolean;
  'x-placeholder'?: string;
  'x-help-url'?: string;
  'x-visible-when'?: { field: string; equals: Scalar | Scalar[] };
  'x-readonly'?: boolean;
  'x-warning'?: string;
  'x-enum-titles'?: string[];
  'x-pattern-hint'?: string;
}

export type Scalar = string | number | boolean;
