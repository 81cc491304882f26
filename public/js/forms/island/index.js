// Lists and maps come as text areas with JSON in them, and that is what is sent. Where scripts run, each gets an editor: loaded
// only when a form has such a field, and after the form can be used.

/** The fields that were looked at, with their editors; null as long as there is none, or where the text area stays. */
const editors = new Map();

async function load() {
  const [{ mount }] = await Promise.all([import('./mount.js'), import('./json-editor.js')]);
  return mount;
}

function mountAll() {
  for (const field of document.querySelectorAll('[data-island]')) {
    if (editors.has(field)) continue;
    const area = field.querySelector('textarea');
    // Nothing is taken away from under somebody's hands.
    if (area === document.activeElement) area.addEventListener('blur', mountAll, { once: true });
    else void start(field);
  }
}

async function start(field) {
  const ticket = { field };
  editors.set(field, null);
  tickets.set(field, ticket);
  watcher.observe(document.body, { childList: true, subtree: true });
  try {
    const mount = await load();
    const editor = tickets.get(field) === ticket ? await mount(field) : null;
    if (tickets.get(field) === ticket) editors.set(field, editor);
    else editor?.destroy();
  } catch (error) {
    // The text area works without it.
    console.error(error);
  }
}

/** Tells a mount that was overtaken by a swap from the one that followed it. */
const tickets = new WeakMap();

function unmount(field) {
  editors.get(field)?.destroy();
  editors.delete(field);
  tickets.delete(field);
  if (!editors.size) watcher.disconnect();
}

/** Whatever takes a field out of the page takes its editor away. */
const watcher = new MutationObserver(() => {
  for (const field of [...editors.keys()]) if (!field.isConnected) unmount(field);
});

document.addEventListener(
  'submit',
  () => {
    for (const editor of editors.values()) editor?.commit();
  },
  { capture: true },
);
document.addEventListener('htmx:before:swap', ({ detail: { ctx } }) => {
  for (const field of [...editors.keys()]) if (ctx.target?.contains?.(field)) unmount(field);
});
document.addEventListener('htmx:after:swap', mountAll);
document.addEventListener('htmx:finally:request', mountAll);
mountAll();
