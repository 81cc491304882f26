import type { FieldErrors } from '../../errors.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import type { FormOptions } from './model.ts';
import type { RawValues } from './parse.ts';

/** What every part of the form knows while it is drawn. */
export interface Scope {
  /** The whole schema, for references into it. */
  root: JsonSchema;
  idPrefix: string;
  errors: FieldErrors;
  saved: ReadonlySet<string>;
  computed: Record<string, string>;
  typed: RawValues | undefined;
  /** Nothing is stored or typed yet, so defaults are filled in. */
  fresh: boolean;
  /** False inside a variant that is not the chosen one: errors and stored secrets are not about it. */
  live: boolean;
}

export const makeScope = (root: JsonSchema, options: FormOptions): Scope => ({
  root,
  idPrefix: options.idPrefix,
  errors: options.errors ?? {},
  saved: options.saved ?? new Set(),
  computed: options.computed ?? {},
  typed: options.rawValues,
  fresh: options.value === undefined && options.rawValues === undefined,
  live: true,
});

/** The scope inside a variant that is not chosen: as if it were a new form. */
export const aside = (scope: Scope): Scope => ({ ...scope, errors: {}, saved: new Set(), fresh: true, live: false });

export const errorsAt = (scope: Scope, path: string): string[] =>
  Object.hasOwn(scope.errors, path) ? (scope.errors[path] ?? []) : [];

/** The errors of everything below a path, by what follows it. */
export const errorsBelow = (scope: Scope, path: string): [rest: string, messages: string[]][] =>
  Object.entries(scope.errors)
    .filter(([at]) => at.startsWith(`${path}.`))
    .map(([at, messages]) => [at.slice(path.length + 1), messages]);

/** What was typed under a control's name; undefined when nothing was submitted under it. */
export const typedAt = (scope: Scope, name: string): string[] | undefined =>
  scope.typed && Object.hasOwn(scope.typed, name) ? scope.typed[name] : undefined;

/** A control's id: safe in selectors, and unique because names are. `--` stands only where a variant's number follows. */
export const idOf = (scope: Scope, name: string): string => {
  const safe = name.replaceAll('.~', '--').replaceAll('.', '-');
  return `${scope.idPrefix}-${safe.replace(/[^\w-]/g, (character) => `_${character.codePointAt(0)?.toString(16)}`)}`;
};
