import type { Block, Field } from '../../../../src/lib/forms/field.ts';

/** What a browser without scripts would send for these fields; `secrets` are typed into the password inputs, by path. */
export function submit(fields: Field[], secrets: Record<string, string> = {}): URLSearchParams {
  return new URLSearchParams(fields.flatMap((field) => entriesOf(field, secrets)));
}

function entriesOf(field: Field, secrets: Record<string, string>): [string, string][] {
  const inBlocks = (blocks: Block[]) =>
    blocks.flatMap(({ fields }) => fields.flatMap((child) => entriesOf(child, secrets)));
  return [
    ...ownEntries(field, secrets),
    ...inBlocks(field.dependents),
    ...(field.kind === 'one-of' ? inBlocks(field.variants) : []),
  ];
}

function ownEntries(field: Field, secrets: Record<string, string>): [string, string][] {
  switch (field.kind) {
    case 'group':
      return field.fields.flatMap((child) => entriesOf(child, secrets));
    case 'computed':
      return [];
    case 'checkbox':
      return field.checked ? [[field.name, 'true']] : [];
    case 'select':
      return [[field.name, field.options.find(({ chosen }) => chosen)?.value ?? field.options[0]?.value ?? '']];
    case 'one-of':
    case 'checklist':
      return field.options.filter(({ chosen }) => chosen).map(({ value }) => [field.name, value]);
    case 'password':
      return [[field.name, secrets[field.path] ?? '']];
    case 'textarea':
      return [[field.name, asTextArea(field.secret ? (secrets[field.path] ?? '') : field.value)]];
    case 'lines':
    case 'json':
      return [[field.name, asTextArea(field.value)]];
    default:
      return [[field.name, field.value]];
  }
}

/** Browsers send CRLF, whatever the line ends were. */
const asTextArea = (text: string) => text.replace(/\r\n|\r|\n/g, '\r\n');

/** All fields of a form, whatever they stand in. */
export const allFields = (fields: Field[]): Field[] =>
  fields.flatMap((field) => {
    const blocks = [...field.dependents, ...(field.kind === 'one-of' ? field.variants : [])];
    const inside = [...(field.kind === 'group' ? field.fields : []), ...blocks.flatMap((block) => block.fields)];
    return [field, ...allFields(inside)];
  });

/** The first field with this label; throws when there is none. */
export function fieldNamed<Kind extends Field['kind']>(
  fields: Field[],
  label: string,
  kind: Kind,
): Extract<Field, { kind: Kind }> {
  const field = allFields(fields).find((one) => one.label === label && one.kind === kind);
  if (!field) throw new Error(`No ${kind} field "${label}".`);
  return field as Extract<Field, { kind: Kind }>;
}
