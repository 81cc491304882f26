/**
 * Our keywords beside the standard ones. They shape forms and storage and never decide whether a value is valid.
 *
 * - `x-secret` sealed, write-only, a password input (`writeOnly` says the same)
 * - `x-order` place among its siblings; `x-group` heading above it, "Advanced" folds away
 * - `x-multiline` text area; `x-placeholder` an example inside the empty control; `x-enum-titles` names of the choices
 * - `x-help-url` page that explains the field; `x-warning` a caution beside it
 * - `x-visible-when` `{ field, equals }`: only while that checkbox or choice beside it has this value (or one of these)
 * - `x-readonly` computed by the hub, shown with a copy button, never taken from input
 * - `x-pattern-hint` what is said when `pattern` does not match: a sentence, or what follows "Must"
 */
export const xKeywords = [
  'x-secret',
  'x-order',
  'x-group',
  'x-multiline',
  'x-placeholder',
  'x-help-url',
  'x-visible-when',
  'x-readonly',
  'x-warning',
  'x-enum-titles',
  'x-pattern-hint',
];
