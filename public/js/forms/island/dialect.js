import { mend } from './workarounds.js';

// The tree of nodes as a schema in json-editor's own words. No keyword of the original gets through that is not named here:
// what others may have put in (links, templates, options) has no effect.

/** The schema that the editor is made with. The form itself shows the title and the help of the whole. */
export const editorSchema = (node) => ({ ...schemaOf(node, { required: true }), description: undefined });

/** @param place `required`: a value must stand here; `title`: what the field is called when its schema does not say */
function schemaOf(node, { required = false, title } = {}) {
  const { schema = {} } = node;
  const common = {
    title: schema.title ?? title ?? 'Value',
    ...wordsOf(schema),
    options: { inputAttributes: attributesOf(schema) },
  };
  return mend({ ...common, ...kinds[node.kind](node, required) }, node);
}

/** What stands beside a field goes as one; the theme makes the parts of it. */
function wordsOf({ title, description: help, 'x-help-url': helpUrl, 'x-warning': warning }) {
  return help || helpUrl || warning ? { description: { about: title, help, helpUrl, warning } } : {};
}

const attributesOf = (schema) => ({
  autocomplete: 'off',
  autocapitalize: 'off',
  spellcheck: 'false',
  ...(placeholderOf(schema) !== undefined && { placeholder: String(placeholderOf(schema)) }),
});

const placeholderOf = (schema) =>
  schema['x-placeholder'] ?? (typeof schema.default === 'object' ? undefined : schema.default);

const kinds = {
  const: ({ schema }) => ({ type: 'string', const: String(schema.const) }),
  enum: ({ schema }, required) => choice(schema, schema.enum.map(String), schema['x-enum-titles'], required),
  boolean: ({ schema }, required) => choice(schema, ['true', 'false'], ['Yes', 'No'], required),
  text: ({ schema }) => ({ type: 'string', ...formatOf(schema) }),
  number: ({ schema }) => ({ type: schema.type }),
  json: () => ({ type: 'string', format: 'textarea' }),
  checks: ({ item }) => ({
    type: 'array',
    format: 'checkbox',
    uniqueItems: true,
    items: { type: 'string', enum: item.schema.enum.map(String), options: titlesOf(item.schema['x-enum-titles']) },
  }),
  list: ({ item, schema }) => ({
    type: 'array',
    ...limits(schema, 'Items'),
    items: schemaOf(item, { title: 'Entry', required: true }),
  }),
  map: ({ item, schema }) => ({
    type: 'array',
    ...limits(schema, 'Properties'),
    // Names have no order: moving one would not last.
    options: { disable_array_reorder: true },
    items: { type: 'object', title: 'Entry', required: ['name', 'value'], properties: pairOf(item) },
  }),
  object: ({ fields }) => ({
    type: 'object',
    required: fields.filter((field) => field.required).map(({ key }) => key),
    properties: Object.fromEntries(fields.map((field) => [field.key, memberOf(field, fields)])),
  }),
  choice: ({ variants }, required) => ({
    oneOf: [...(required ? [] : [none]), ...variants.map((variant) => schemaOf(variant))],
  }),
};

const none = { type: 'object', title: 'Not set', properties: {} };

const pairOf = (item) => ({
  name: { type: 'string', title: 'Name', options: { inputAttributes: attributesOf({}) } },
  value: schemaOf(item, { title: 'Value', required: item.kind === 'choice' }),
});

function memberOf({ key, node, required }, siblings) {
  const schema = schemaOf(node, { required, title: key });
  const options = { ...schema.options, group: groupOf(node, siblings) };
  const condition = node.schema?.['x-visible-when'];
  if (!controlOf(node, siblings)) return { ...schema, options };
  const values = [condition.equals].flat().map(String);
  return { ...schema, options: { ...options, dependencies: { [condition.field]: values } } };
}

/** What only shows now and then stays with what makes it show. */
function groupOf(node, siblings, above = []) {
  const control = controlOf(node, siblings);
  if (control && !above.includes(control)) return groupOf(control, siblings, [...above, control]);
  return node.schema?.['x-group'];
}

const controlOf = (node, siblings) => siblings.find(({ key }) => key === node.schema?.['x-visible-when']?.field)?.node;

const limits = (schema, what) => ({
  ...(schema[`max${what}`] !== undefined && { maxItems: schema[`max${what}`] }),
});

const titlesOf = (titles) => (titles ? { enum_titles: titles } : {});

function choice(schema, values, titles, required) {
  const chosen = schema.default === undefined ? -1 : values.indexOf(String(schema.default));
  const blank = required ? 'Choose…' : chosen < 0 ? 'Not set' : `Default (${titles?.[chosen] ?? values[chosen]})`;
  const byDefault = values[chosen];
  return { type: 'string', enum: values, options: { ...titlesOf(titles), placeholder_option_text: blank, byDefault } };
}

/** Single lines are plain text inputs; what they must look like, the server says. */
function formatOf(schema) {
  if (schema['x-multiline']) return { format: 'textarea' };
  return schema.format === 'date' ? { format: 'date' } : {};
}
