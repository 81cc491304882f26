/**
 * Shows the server's messages at the rows they are about, until what they are about changes.
 * @param messages by path below the field, as the server counts: `0.name`, or a map's `X-Name`
 * @returns the messages that still hold, as the library takes them
 */
export function serverErrors(messages, node) {
  let told = null;
  return (editor) => {
    told ??= Object.entries(messages).map(([path, texts]) => {
      const place = placeOf(node, editor.getEditor(rootPath)?.getValue(), path ? path.split('.') : []);
      return { place: [rootPath, ...place].join('.'), text: texts.join(' '), value: valueAt(editor, place) };
    });
    return told
      .filter(({ place, value }) => at(editor, place) === value)
      .map(({ place, text }) => ({ path: place, property: 'server', message: text }));
  };
}

export const rootPath = 'root';

const at = (editor, path) => JSON.stringify(editor.getEditor(path)?.getValue() ?? null);
const valueAt = (editor, place) => at(editor, [rootPath, ...place].join('.'));

/** Where the editor has what stands at a path of the value; as near as possible where it has no such field. */
function placeOf(node, value, path) {
  const [step, ...rest] = path;
  if (step === undefined) return [];
  if (node.kind === 'list') return [step, ...placeOf(node.item, value?.[step], rest)];
  if (node.kind === 'map') return placeInMap(node, value, path);
  if (node.kind === 'choice') return placeOf(variantFor(node, step), value, path);
  const field = node.kind === 'object' ? node.fields.find(({ key }) => key === step) : undefined;
  return field ? [step, ...placeOf(field.node, value?.[step], rest)] : [];
}

const variantFor = (node, step) =>
  node.variants.find(({ fields }) => fields?.some(({ key }) => key === step)) ?? node.variants[0];

/** A name may have dots in it: the longest one that fits. */
function placeInMap(node, rows, path) {
  for (let length = path.length; length > 0; length--) {
    const index = rows?.findIndex(({ name }) => name === path.slice(0, length).join('.')) ?? -1;
    if (index >= 0) return [index, 'value', ...placeOf(node.item, rows[index].value, path.slice(length))];
  }
  return [];
}
