// What a JSON Schema says, as a tree of a few kinds of node: the editor's schema, the way of values in and out, and the
// places of errors are all read off this tree. What fits no kind is `json`: entered as text.

const deepest = 8;
const mostNodes = 400;

/**
 * The tree of a schema.
 * @param root where `#/…` references lead to
 */
export function nodeOf(schema, root) {
  return makeNode(schema, { root, depth: 0, above: [], budget: { left: mostNodes } });
}

function makeNode(given, scope) {
  scope.budget.left--;
  const schema = scope.depth < deepest && scope.budget.left > 0 ? plain(given, scope.root) : null;
  // A reference that leads back to where it came from is opened once; within that, text it is.
  const again = typeof given?.$ref === 'string' && scope.above.filter((ref) => ref === given.$ref).length > 1;
  if (!schema || again) return { kind: 'json', schema: titles(given) };
  const above = given.$ref ? [...scope.above, given.$ref] : scope.above;
  const inner = { ...scope, above, depth: scope.depth + 1 };
  return { schema, ...(shapes[typeOf(schema)]?.(schema, inner) ?? { kind: 'json' }) };
}

/** What a schema says about its field, whatever the values. */
const titles = (schema) =>
  Object.fromEntries(Object.entries({ ...schema }).filter(([key]) => /^(title|description|x-)/.test(key)));

const shapes = {
  const: () => ({ kind: 'const' }),
  enum: () => ({ kind: 'enum' }),
  string: () => ({ kind: 'text' }),
  number: () => ({ kind: 'number' }),
  integer: () => ({ kind: 'number' }),
  boolean: () => ({ kind: 'boolean' }),
  object: (schema, scope) => choiceOf(schema, scope) ?? objectOf(schema, scope) ?? mapOf(schema, scope),
  array: listOf,
};

function typeOf(schema) {
  if (schema.const !== undefined) return 'const';
  if (schema.enum) return schema.enum.some((option) => typeof option === 'object') ? 'json' : 'enum';
  if (schema.anyOf || (schema.oneOf && !tagOf(schema))) return 'json';
  return schema.type ?? (schema.properties || schema.oneOf ? 'object' : schema.items ? 'array' : 'json');
}

/** The constant by which the variants are told apart. */
function tagOf(schema) {
  const constants = Object.entries(schema.oneOf?.[0]?.properties ?? {}).filter(
    ([, child]) => child.const !== undefined,
  );
  return constants.find(([key]) =>
    schema.oneOf.every((variant) => variant.properties?.[key]?.const !== undefined),
  )?.[0];
}

function choiceOf(schema, scope) {
  if (!schema.oneOf) return null;
  const { oneOf, properties, required, ...rest } = schema;
  const variants = oneOf.map((variant) =>
    makeNode({ ...rest, ...variant, ...joined([{ properties, required }, variant]), type: 'object' }, scope),
  );
  return { kind: 'choice', tag: tagOf(schema), variants };
}

function objectOf(schema, scope) {
  const names = Object.keys(schema.properties ?? {});
  if (!names.length || schema.patternProperties || isOpen(schema)) return names.length ? { kind: 'json' } : null;
  const required = new Set(schema.required);
  const fields = names.map((key) => ({
    key,
    required: required.has(key),
    node: makeNode(schema.properties[key], scope),
  }));
  return { kind: 'object', fields };
}

const isOpen = ({ additionalProperties }) =>
  additionalProperties === true || (typeof additionalProperties === 'object' && additionalProperties !== null);

/** Free names with values of one kind. */
function mapOf(schema, scope) {
  const values = [
    ...Object.values(schema.patternProperties ?? {}),
    ...(isOpen(schema) ? [schema.additionalProperties] : []),
  ];
  const [only, another] = values;
  return only && only !== true && !another ? { kind: 'map', item: makeNode(only, scope) } : { kind: 'json' };
}

function listOf(schema, scope) {
  const { items } = schema;
  if (typeof items !== 'object' || Array.isArray(items) || schema.prefixItems) return { kind: 'json' };
  const item = makeNode(items, scope);
  return item.kind === 'enum' ? { kind: 'checks', item } : { kind: 'list', item };
}

/** The schema without references, parts, conditions and null; null when that cannot be done. */
function plain(given, root) {
  let schema = given;
  for (let steps = 0; schema?.$ref !== undefined; steps++) {
    const { $ref, ...beside } = schema;
    const target = steps < 20 ? targetOf($ref, root) : null;
    if (!target) return null;
    schema = { ...target, ...beside };
  }
  if (typeof schema !== 'object' || schema === null) return null;
  const parts = (schema.allOf ?? []).map((part) => plain(part, root));
  if (parts.includes(null)) return null;
  const { allOf, if: condition, then: yes, else: no, dependentSchemas, not, ...own } = schema;
  // What a condition asks for is offered always; whether it is needed, the server says.
  const offered = [yes, no, ...Object.values(dependentSchemas ?? {})]
    .filter(Boolean)
    .map(({ properties }) => ({ properties }));
  const merged = { ...Object.assign({}, ...parts), ...own, ...joined([own, ...parts, ...offered]) };
  return { ...merged, ...(Array.isArray(merged.type) && { type: onlyType(merged.type) }) };
}

function joined(parts) {
  const properties = Object.assign({}, ...parts.map((part) => part.properties).reverse());
  const required = parts.flatMap((part) => part.required ?? []);
  return { ...(Object.keys(properties).length && { properties }), ...(required.length && { required }) };
}

const onlyType = (types) => {
  const [only, another] = types.filter((type) => type !== 'null');
  return another ? 'json' : only;
};

function targetOf(ref, root) {
  if (ref !== '#' && !ref.startsWith('#/')) return null;
  const names = ref.slice(2).split('/').filter(Boolean);
  return names.reduce((at, name) => {
    const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
    return at && Object.hasOwn(at, key) ? at[key] : null;
  }, root);
}
