import { editorOn } from './editor.js';
import { nodeOf } from './nodes.js';
import { element } from './theme.js';
import { outward, sameText, saysTwice, textOf } from './values.js';

/**
 * Puts the editor in place of a field's text area, which goes on carrying the value. It stays away where it would not give
 * back exactly what it was given.
 * @returns `commit` brings the text area up to date, `destroy` puts everything back as it was; null where the text area stays
 */
export async function mount(field) {
  const { schema, root, errors, blank } = JSON.parse(field.dataset.island);
  const area = field.querySelector('textarea');
  const node = nodeOf(schema, root);
  const value = read(area.value);
  if (node.kind === 'json' || value === unreadable) return null;
  const holder = frameFor(field, area);
  const editor = editorOn(holder, node, value, errors);
  await editor.promise;
  const given = area.value;
  const told = () => textOf(outward(node, editor.root.getValue(), true));
  if (!field.isConnected || !sameText(told(), given)) return void discard(editor, holder);
  const commit = () => {
    const text = told();
    area.value = sameText(text, given) ? given : blank && isBlank(text) ? '' : text;
  };
  listen(holder, editor, commit);
  return { commit, destroy: show(field, area, holder, editor) };
}

const unreadable = Symbol('unreadable');

function read(text) {
  if (!text.trim()) return undefined;
  try {
    const value = JSON.parse(text);
    return saysTwice(text) ? unreadable : value;
  } catch {
    return unreadable;
  }
}

const isBlank = (text) => text === '[]' || text === '{}';

/** Under the field's own label and help. */
function frameFor(field, area) {
  const holder = element('div', 'island');
  const label = field.querySelector('.f-label');
  label.id ||= `${area.id}--label`;
  holder.setAttribute('role', 'group');
  holder.setAttribute('aria-labelledby', label.id);
  const help = area
    .getAttribute('aria-describedby')
    ?.split(' ')
    .filter((id) => !/--(error|hint)$/.test(id));
  if (help?.length) holder.setAttribute('aria-describedby', help.join(' '));
  holder.hidden = true;
  area.after(holder);
  return holder;
}

/** The library notices what is typed when the focus leaves a control, and tells of most changes with the next frame only. */
function listen(holder, editor, commit) {
  holder.addEventListener('input', ({ target }) => {
    target.dispatchEvent(new Event('change'));
    commit();
  });
  for (const event of ['change', 'addRow', 'moveRow', 'deleteRow']) editor.on(event, commit);
}

function show(field, area, holder, editor) {
  const replaced = [area, ...field.querySelectorAll(':scope > :is(.f-error, .f-hint)')];
  for (const part of replaced) part.hidden = true;
  holder.hidden = false;
  return () => {
    for (const part of replaced) part.hidden = false;
    discard(editor, holder);
  };
}

function discard(editor, holder) {
  editor.destroy();
  holder.remove();
  return null;
}
