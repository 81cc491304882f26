import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { publishedFormat } from '../../src/drivers/declarative-format.ts';

// `vitest run tests/drivers/catalog-docs.test.ts -u` writes the schema and the reference anew.

const docs = path.resolve(import.meta.dirname, '../../docs');
const read = (file: string) => readFile(path.join(docs, file), 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: a schema, walked as it is
type Schema = any;

it('publishes the format for editors', async () => {
  const schema = JSON.stringify(publishedFormat(), null, 2);
  await expect(`${schema}\n`).toMatchFileSnapshot(path.join(docs, 'catalog-entry.schema.json'));
});

it('is a schema that any program understands, and takes the example', async () => {
  const validate = new Ajv2020({ strict: false }).compile(publishedFormat());
  const example = parse(await read('examples/catalog/tickets.yaml'));
  expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...example, base_ulr: 'x' })).toBe(false);
});

it('tells of every field in the reference', async () => {
  await expect(reference(publishedFormat())).toMatchFileSnapshot(path.join(docs, 'catalog-entry.md'));
});

it('shows the example in the guide as it is', async () => {
  const shown = [...(await read('adding-a-service.md')).matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, text = '']) =>
    text.trim(),
  );
  const example = await read('examples/catalog/tickets.yaml');
  expect(shown.length).toBeGreaterThan(3);
  for (const part of shown) expect(example.replaceAll(/^ +/gm, '')).toContain(part.replaceAll(/^ +/gm, ''));
});

function reference(schema: Schema): string {
  const head = [
    '# Describing a service: every field',
    '',
    'Made from the format itself; [adding-a-service.md](adding-a-service.md) tells how to use it. Required fields are **bold**. A *template* is a',
    'text with placeholders; a *path* leads to a place in an answer.',
  ];
  return `${[...head, ...section('The file', schema), ...methods(schema.properties.auth.items)].join('\n')}\n`;
}

/** Requests and refusals are the same everywhere. */
const told = new Set<string>();

function section(title: string, schema: Schema): string[] {
  const text = JSON.stringify(schema);
  if (told.has(text)) return [];
  told.add(text);
  const rows = Object.entries<Schema>(schema.properties).map(([name, field]) =>
    row(name, field, schema.required ?? []),
  );
  const inner = Object.entries<Schema>(schema.properties).flatMap(([name, field]) => {
    const group = groupOf(field);
    return group ? section(title === 'The file' ? `\`${name}\`` : `${title.slice(0, -1)}.${name}\``, group) : [];
  });
  return [
    '',
    `## ${title}`,
    '',
    ...(schema.description ? [schema.description, ''] : []),
    '| field | is | |',
    '| --- | --- | --- |',
    ...rows,
    ...inner,
  ];
}

/** What has fields of its own, also as the entries of a list or the values of a map. */
function groupOf(field: Schema): Schema | null {
  const [values] = Object.values<Schema>(field.patternProperties ?? {});
  return [field, field.items, values].find((each) => each?.properties) ?? null;
}

const row = (name: string, field: Schema, required: string[]) =>
  `| ${required.includes(name) ? `**${name}**` : name} | ${kindOf(field)} | ${(field.description ?? '').replaceAll('|', '\\|')} |`;

function kindOf(field: Schema): string {
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum) return field.enum.map((each: string) => `\`${each}\``).join(' ');
  if (field.anyOf) return [...new Set(field.anyOf.map(kindOf))].join(' or ');
  if (field.type === 'array') return `list of ${kindOf(field.items)}`;
  if (field.patternProperties) return 'map';
  return field.type === 'object' ? 'object' : field.type === 'string' ? 'text' : (field.type ?? 'anything');
}

const methods = (auth: Schema): string[] => [
  '',
  '## `auth`',
  '',
  'Each method may have a `title`, a `description` and `fields`: texts of its fields by name, as `title`, `description`, `placeholder`, `help_url`,',
  '`docs`, `warning`, `pattern`, `pattern_hint`, `maxLength`.',
  ...auth.oneOf.flatMap((method: Schema) => {
    const own = Object.entries<Schema>(method.properties).filter(
      ([name]) => !['method', 'title', 'description', 'fields'].includes(name),
    );
    const table = [
      '',
      '| field | is | |',
      '| --- | --- | --- |',
      ...own.map(([name, field]) => row(name, field, method.required ?? [])),
    ];
    return ['', `**\`${method.properties.method.const}\`** ${method.description}`, ...(own.length ? table : [])];
  }),
];
