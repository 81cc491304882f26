// The way of a value into the editor and out again. Maps are rows of name and value there, choices are texts.

/** The value as the editor takes it. */
export function inward(node, value) {
  if (value === undefined) return undefined;
  return (ways[node.kind]?.in ?? same)(node, value);
}

/**
 * What the editor holds, as it is sent; undefined for what was left blank.
 * @param required whether something must stand here
 */
export function outward(node, value, required = false) {
  return (ways[node.kind]?.out ?? same)(node, value, required);
}

const same = (_node, value) => value;
const entries = (value) => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

const ways = {
  map: {
    in: (node, value) => entries(value).map(([name, child]) => ({ name, value: inward(node.item, child) })),
    out: (node, rows) => new Entries((rows ?? []).flatMap((row) => entryOf(node, row))),
  },
  list: {
    in: (node, value) => [value].flat().map((child) => inward(node.item, child)),
    out: (node, rows) => (rows ?? []).map((row) => outward(node.item, row, true)).filter((row) => row !== undefined),
  },
  checks: {
    in: (_node, value) => [value].flat().map(String),
    out: ({ item }, ticked) => item.schema.enum.filter((option) => ticked?.includes(String(option))),
  },
  object: {
    in: (node, value) => fieldsIn(node, value),
    out: (node, value, required) => fieldsOut(node, value, required),
  },
  choice: {
    in: (node, value) => inward(variantOf(node, value) ?? node.variants[0], value),
    out: (node, value, required) => {
      const variant = variantOf(node, value) ?? (required ? node.variants[0] : undefined);
      return variant && outward(variant, value, true);
    },
  },
  const: { in: (_node, value) => String(value), out: ({ schema }) => schema.const },
  enum: {
    in: (_node, value) => String(value),
    out: ({ schema }, text) => schema.enum.find((option) => String(option) === text),
  },
  boolean: { in: (_node, value) => String(value), out: (_node, text) => ({ true: true, false: false })[text] },
  number: { out: (_node, value) => (value === '' || value === null ? undefined : value) },
  text: { out: ({ schema }, text, required) => (text || (required && mayBeBlank(schema)) ? (text ?? '') : undefined) },
  json: { in: (_node, value) => JSON.stringify(value), out: (_node, text) => parsed(text) },
};

const mayBeBlank = ({ minLength, pattern, format }) => !minLength && !pattern && !format;

/** A text that is no JSON stays the text it is, so that the server names the problem. */
function parsed(text) {
  if (!text?.trim()) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function entryOf(node, row) {
  const value = outward(node.item, row.value);
  if (!row.name && value === undefined) return [];
  return [[row.name ?? '', value ?? blankOf(node.item)]];
}

const blankOf = ({ kind }) =>
  kind === 'text' ? '' : kind === 'object' || kind === 'map' ? {} : kind === 'list' ? [] : null;

function fieldsIn(node, value) {
  const known = node.fields.filter(({ key }) => Object.hasOwn(value ?? {}, key));
  return Object.fromEntries(known.map(({ key, node: child }) => [key, inward(child, value[key])]));
}

function fieldsOut(node, value, required) {
  const members = node.fields
    .map((field) => [field.key, outward(field.node, value?.[field.key], field.required), field])
    .filter(([, child, field]) => child !== undefined && (field.required || !isEmpty(child)));
  const said = members.some(([, , field]) => field.node.kind !== 'const');
  return required || said ? Object.fromEntries(members.map(([key, child]) => [key, child])) : undefined;
}

const isEmpty = (value) => (value instanceof Entries ? !value.list.length : Array.isArray(value) && !value.length);

/** The variant whose constant the value has. */
function variantOf(node, value) {
  const given = String(value?.[node.tag]);
  return node.variants.find((variant) => String(variant.schema.properties[node.tag].const) === given);
}

/** A map that may say a name twice: that is told, not tidied away. */
class Entries {
  constructor(list) {
    this.list = list;
  }
}

/** The value as JSON text, indented as the server does it. */
export function textOf(value, indent = '') {
  const members = value instanceof Entries ? value.list : Array.isArray(value) ? value : entriesOf(value);
  if (!members) return JSON.stringify(value);
  const [start, end] = Array.isArray(value) ? '[]' : '{}';
  if (!members.length) return start + end;
  const inner = `${indent}  `;
  const line = (member) =>
    Array.isArray(value) ? textOf(member, inner) : `${JSON.stringify(member[0])}: ${textOf(member[1], inner)}`;
  return `${start}\n${members.map((member) => inner + line(member)).join(',\n')}\n${indent}${end}`;
}

const entriesOf = (value) => (typeof value === 'object' && value !== null ? Object.entries(value) : null);

/** True when both texts say the same JSON; nothing at all and an empty list or map count as one. */
export const sameText = (one, other) => canonical(one) === canonical(other);

function canonical(text) {
  const sorted = (value) => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => ({ [key]: sorted(child) }));
  };
  const value = text.trim() ? JSON.parse(text) : [];
  return JSON.stringify(sorted(value));
}

/** True when a map in this JSON says a name twice, of which parsing would keep one only. */
export function saysTwice(text) {
  const open = [];
  let last = '';
  for (const [token] of text.matchAll(/[{}[\]:]|"(?:[^"\\]|\\.)*"/g)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':' && open.at(-1).size === open.at(-1).add(JSON.parse(last)).size) return true;
    last = token;
  }
  return false;
}
