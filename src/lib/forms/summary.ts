import type { FieldErrors } from '../../errors.ts';
import type { Field } from './field.ts';
import { childrenOf } from './groups.ts';

/** What stands above a form that was refused. */
export interface ErrorSummary {
  /** E.g. "3 fields need your attention". */
  title: string;
  items: SummaryItem[];
}

interface SummaryItem {
  /** Id of the control; '' when the problem belongs to no field of the form. */
  target: string;
  text: string;
}

/**
 * Lists the problems in the order of the page, each with the control to go to; problems of no field come last.
 * @returns undefined when there are none
 */
export function errorSummary(fields: Field[], errors: FieldErrors = {}): ErrorSummary | undefined {
  const faulty = fields.flatMap(withErrors);
  const items = faulty.flatMap((field) =>
    field.errors.map((message) => ({ target: targetOf(field), text: `${field.label}: ${message}` })),
  );
  const strays = Object.entries(errors).filter(([path]) => !isTold(path, faulty));
  const others = strays.flatMap(([, messages]) => messages.map((text) => ({ target: '', text })));
  const count = faulty.length + strays.length;
  if (!count) return undefined;
  return {
    title: count === 1 ? 'One field needs your attention' : `${count} fields need your attention`,
    items: [...items, ...others],
  };
}

const withErrors = (field: Field): Field[] => [
  ...(field.errors.length ? [field] : []),
  ...childrenOf(field).flatMap(withErrors),
];

/** Radio buttons and tick boxes have no control of their own: the first of them is the place to go. */
const targetOf = (field: Field): string =>
  field.kind === 'one-of' || field.kind === 'checklist' ? (field.options[0]?.id ?? field.id) : field.id;

/** True when a field shows this problem itself, as a list does those of its entries. */
const isTold = (path: string, faulty: Field[]) =>
  faulty.some((field) => path === field.path || (holdsEntries.has(field.kind) && path.startsWith(`${field.path}.`)));

const holdsEntries = new Set(['json', 'lines', 'checklist']);
