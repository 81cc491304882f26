import type { FieldErrors } from '../../errors.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import type { Field } from './field.ts';
import { objectFields } from './objects.ts';
import type { RawValues } from './parse.ts';
import { makeScope } from './scope.ts';

export interface FormOptions {
  /** In front of every name and path, e.g. `config`; '' for none. */
  prefix: string;
  /** What is stored, or what was just submitted. Absent for a new form: then the schema's defaults are filled in. */
  value?: unknown;
  errors?: FieldErrors;
  /** Paths (with the prefix) of the secrets that are stored and would be kept; only for the method that is stored. */
  saved?: ReadonlySet<string>;
  /** Texts of the fields that the hub computes, by path (with the prefix). */
  computed?: Record<string, string>;
  /** What was typed, from `parseForm`, so that a refused form comes back as it was sent. */
  rawValues?: RawValues;
  /** In front of every id, so that two forms can share a page. */
  idPrefix: string;
}

/** The fields of a form for an object schema, ready for `views/forms/_fields.eta`. */
export function formFields(schema: JsonSchema, options: FormOptions): Field[] {
  const seat = { name: options.prefix, path: options.prefix };
  return objectFields(schema, seat, options.value, makeScope(schema, options));
}
