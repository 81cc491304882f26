import type { JsonSchema } from '../schema/json-schema.ts';
import { baseType, isSecret } from '../schema/shape.ts';
import { baseOf, entryErrors, secretHelp, secretState } from './base.ts';
import type { Field, Option } from './field.ts';
import { localTimeOf } from './instants.ts';
import { islandOf } from './island.ts';
import { kindOf, type Member } from './plan.ts';
import { idOf, type Scope, typedAt } from './scope.ts';

/** The field of one control; undefined where there is nothing to show. */
export function leafField(member: Member, stored: unknown, scope: Scope): Field | undefined {
  const value = stored ?? startOf(member, scope);
  const kind = kindOf(member.schema);
  switch (kind) {
    case 'hidden':
      return hiddenField(member, stored, scope);
    case 'computed':
      return computedField(member, stored, scope);
    case 'checkbox':
      return checkboxField(member, value, scope);
    case 'select':
      return selectField(member, value, scope);
    case 'checklist':
      return checklistField(member, value, scope);
    case 'lines':
      return { ...listField(kind, member, value, scope), kind };
    case 'json':
      return jsonField(member, value, scope);
    case 'number':
      return numberField(member, value, scope);
    default:
      return isSecret(member.schema) ? secretField(member, scope) : textField(member, value, scope);
  }
}

/** The default where nothing is stored: in a new form always, later only where a value is needed anyway. */
const startOf = ({ schema, required }: Member, scope: Scope) => (scope.fresh || required ? schema.default : undefined);

function hiddenField(member: Member, stored: unknown, scope: Scope): Field | undefined {
  if (!member.required && stored === undefined) return undefined;
  return { ...baseOf(member, scope), kind: 'hidden', value: String(member.schema.const) };
}

function computedField(member: Member, stored: unknown, scope: Scope): Field | undefined {
  const value = Object.hasOwn(scope.computed, member.path) ? scope.computed[member.path] : stored;
  if (value === undefined || value === '') return undefined;
  return { ...baseOf(member, scope, { required: false }), kind: 'computed', value: String(value) };
}

function checkboxField(member: Member, value: unknown, scope: Scope): Field {
  // A browser sends nothing for an empty box, so after a submit only what was sent counts.
  const submitted = scope.typed && scope.live;
  const checked = submitted ? typedAt(scope, member.name)?.[0] === 'true' : (value ?? member.schema.default) === true;
  return { ...baseOf(member, scope), required: false, kind: 'checkbox', checked, shows: '', hides: '' };
}

function selectField(member: Member, value: unknown, scope: Scope): Field {
  const typed = typedAt(scope, member.name)?.[0] ?? (value === undefined ? '' : String(value));
  const options = optionsOf(member, member.schema, [typed], scope);
  const blank = {
    id: '',
    value: '',
    label: blankLabel(member),
    chosen: !options.some(({ chosen }) => chosen),
    shows: '',
  };
  const needsBlank = !member.required || blank.chosen;
  return {
    ...baseOf(member, scope, { half: isPlain(member) }),
    kind: 'select',
    options: needsBlank ? [blank, ...options] : options,
  };
}

function blankLabel({ schema, required }: Member): string {
  if (required) return 'Choose…';
  return schema.default === undefined ? 'Not set' : `Default (${optionTitle(schema, schema.default)})`;
}

function checklistField(member: Member, value: unknown, scope: Scope): Field {
  const submitted = scope.typed && scope.live;
  const ticked = submitted ? (typedAt(scope, member.name) ?? []) : Array.isArray(value) ? value.map(String) : [];
  const base = baseOf(member, scope);
  const errors = [...base.errors, ...entryErrors(member, scope)];
  return {
    ...baseOf(member, scope, { errors }),
    kind: 'checklist',
    options: optionsOf(member, member.schema.items ?? {}, ticked, scope),
  };
}

const optionsOf = (member: Member, choices: JsonSchema, chosen: string[], scope: Scope): Option[] =>
  (choices.enum ?? []).map((option, index) => ({
    id: `${idOf(scope, member.name)}--${index}`,
    value: String(option),
    label: optionTitle(choices, option),
    chosen: chosen.includes(String(option)),
    shows: '',
  }));

const optionTitle = (choices: JsonSchema, option: unknown): string =>
  choices['x-enum-titles']?.[choices.enum?.indexOf(option as string) ?? -1] ?? String(option);

function listField(kind: 'lines' | 'json', member: Member, value: unknown, scope: Scope) {
  const stored =
    value === undefined ? '' : kind === 'json' ? JSON.stringify(value, null, 2) : [value].flat().join('\n');
  const text = typedAt(scope, member.name)?.[0] ?? stored;
  const errors = [...baseOf(member, scope).errors, ...entryErrors(member, scope)];
  const base = baseOf(member, scope, { errors, help: listHelp(kind, member.schema) });
  const placeholder = member.schema['x-placeholder'] ?? member.schema.items?.['x-placeholder'] ?? '';
  return { ...base, value: text, placeholder, rows: rowsOf(text, 3) };
}

function jsonField(member: Member, value: unknown, scope: Scope): Field {
  const field = listField('json', member, value, scope);
  const describedBy = [`${field.id}--hint`, field.describedBy].filter(Boolean).join(' ');
  return { ...field, kind: 'json', describedBy, hint: jsonHint(member.schema), island: islandOf(member, scope) };
}

/** How to write it, unless the description says so already. */
function listHelp(kind: 'lines' | 'json', { description = '' }: JsonSchema): string {
  if (kind === 'json') return description;
  return /per line/i.test(description) ? description : `${description} One per line.`.trim();
}

function jsonHint(schema: JsonSchema): string {
  const example = schema['x-placeholder'];
  if (example) return `Enter JSON, such as ${example}.`;
  if (baseType(schema) !== 'array') return 'Enter a JSON object, such as {"name": "value"}.';
  const first = Object.keys(schema.items?.properties ?? {})[0] ?? 'name';
  return `Enter a JSON list, such as [{"${first}": "…"}].`;
}

function numberField(member: Member, value: unknown, scope: Scope): Field {
  const inputMode =
    baseType(member.schema) === 'integer' && !(Number(member.schema.minimum) < 0) ? 'numeric' : 'decimal';
  return {
    ...baseOf(member, scope, { half: isPlain(member) }),
    kind: 'number',
    ...shownText(member, value, scope),
    inputMode,
  };
}

function textField(member: Member, value: unknown, scope: Scope): Field {
  const { schema } = member;
  const shown = shownText(member, value, scope);
  if (schema['x-multiline'] || shown.value.includes('\n')) {
    const secrecy = { secret: false, saved: false, clearName: '', clearChosen: false };
    return { ...baseOf(member, scope), kind: 'textarea', ...shown, ...secrecy, rows: rowsOf(shown.value, 4) };
  }
  const time = schema.format === 'date-time' ? localTimeOf(shown.value) : undefined;
  if (schema.format === 'date-time' && (time !== undefined || !shown.value)) {
    const help = `${schema.description ?? ''} The time is in UTC.`.trim();
    return { ...baseOf(member, scope, { help }), kind: 'text', ...shown, value: time ?? '', type: 'datetime-local' };
  }
  return { ...baseOf(member, scope), kind: 'text', ...shown, type: inputTypes[schema.format ?? ''] ?? 'text' };
}

const inputTypes: Record<string, 'url' | 'email' | 'date'> = { uri: 'url', email: 'email', date: 'date' };

/** What was typed, or what is stored; in an empty control a hint of what would count or of the form expected. */
function shownText(member: Member, value: unknown, scope: Scope) {
  const { schema } = member;
  const text = typedAt(scope, member.name)?.[0] ?? (value === undefined || value === null ? '' : String(value));
  const fallback = typeof schema.default === 'object' ? undefined : schema.default;
  return { value: text, placeholder: String(schema['x-placeholder'] ?? fallback ?? '') };
}

function secretField(member: Member, scope: Scope): Field {
  const { schema } = member;
  const state = secretState(member, scope);
  const help = secretHelp(schema.description ?? '', state.saved);
  const base = baseOf(member, scope, { help, required: member.required && !state.saved });
  const placeholder = state.saved ? '••••••••••••••••' : (schema['x-placeholder'] ?? '');
  if (kindOf(schema) !== 'textarea') return { ...base, kind: 'password', placeholder, ...state };
  return { ...base, kind: 'textarea', secret: true, value: '', placeholder, rows: 4, ...state };
}

/** Without words between label and control: only then do two side by side line up. */
const isPlain = ({ schema }: Member) => !schema.description && !schema['x-help-url'] && !schema['x-warning'];

const rowsOf = (text: string, least: number) => Math.min(12, Math.max(least, text.split('\n').length));
