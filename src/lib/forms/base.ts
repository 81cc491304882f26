import { capital } from '../capital.ts';
import { isSecret } from '../schema/shape.ts';
import type { FieldBase } from './field.ts';
import { clearNameOf, type Member } from './plan.ts';
import { errorsAt, errorsBelow, idOf, type Scope, typedAt } from './scope.ts';

/** What a field of any kind says about itself. */
export function baseOf(member: Member, scope: Scope, more: Partial<FieldBase> = {}): FieldBase {
  const { schema } = member;
  const base = {
    id: idOf(scope, member.name),
    name: member.name,
    path: member.path,
    label: schema.title ?? member.key,
    required: member.required,
    help: schema.description ?? '',
    helpUrl: webAddress(schema['x-help-url']),
    warning: schema['x-warning'] ?? '',
    errors: errorsAt(scope, member.path),
    dependents: [],
    half: false,
    ...more,
  };
  return { ...base, describedBy: describe(base) };
}

function describe(base: Omit<FieldBase, 'describedBy'>): string {
  const parts = { help: base.help, warning: base.warning, error: base.errors.length };
  const present = Object.entries(parts).filter(([, there]) => there);
  return present.map(([part]) => `${base.id}--${part}`).join(' ');
}

const webAddress = (text: string | undefined) => (text && /^https?:\/\//i.test(text) ? text : '');

/** How a secret stands: whether it is saved, and whether it may be removed. */
export function secretState(member: Member, scope: Scope) {
  const saved = isSecret(member.schema) && scope.live && scope.saved.has(member.path);
  const clearName = saved && !member.required ? clearNameOf(member.name) : '';
  return { saved, clearName, clearChosen: typedAt(scope, clearName) !== undefined };
}

/** The help of a secret: what blank means while one is saved. */
export const secretHelp = (help: string, saved: boolean): string =>
  saved ? `${help} Leave blank to keep the saved value.`.trim() : help;

/** Errors of a list's entries, told at the control that holds them all. */
export const entryErrors = (member: Member, scope: Scope): string[] =>
  errorsBelow(scope, member.path).flatMap(([rest, messages]) =>
    messages.map((message) => `${placeIn(rest)}: ${message}`),
  );

/** `0.name` reads "Entry 1, name". */
function placeIn(rest: string): string {
  const words = rest.split('.').map((part) => (/^\d+$/.test(part) ? `entry ${Number(part) + 1}` : part));
  return capital(words.join(', '));
}
