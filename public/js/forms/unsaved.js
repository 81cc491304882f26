// Forms with `data-unsaved` are guarded. Whoever is about to close a dialog sends it a cancelable `close-request` with
// `detail.close`, the function that closes it for good; when a guarded form inside has changes, the event is cancelled
// and `detail.close` runs only after the person agreed to lose them.

/** What each guarded form said when it came into the page. */
const beginnings = new WeakMap();

const contentOf = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));

function remember() {
  for (const form of document.querySelectorAll('form[data-unsaved]')) {
    if (!beginnings.has(form)) beginnings.set(form, contentOf(form));
  }
}

/** True when the form says something else than at first, or was refused and is still being corrected. */
const isDirty = (form) =>
  form.isConnected && (form.querySelector('[data-error-summary]') !== null || beginnings.get(form) !== contentOf(form));

const dirtyIn = (root) => [...root.querySelectorAll('form[data-unsaved]')].filter(isDirty);

/** Asks in a dialog of its own; resolves to true when the changes may go. */
function ask() {
  const dialog = document.createElement('dialog');
  dialog.className = 'modal ask';
  dialog.setAttribute('aria-labelledby', 'unsaved-title');
  const title = Object.assign(document.createElement('h2'), {
    id: 'unsaved-title',
    textContent: 'Discard your changes?',
  });
  const text = Object.assign(document.createElement('p'), { textContent: 'What you entered has not been saved.' });
  const keep = Object.assign(document.createElement('button'), {
    className: 'btn',
    value: 'keep',
    textContent: 'Keep editing',
    autofocus: true,
  });
  const discard = Object.assign(document.createElement('button'), {
    className: 'btn danger',
    value: 'discard',
    textContent: 'Discard',
  });
  const form = Object.assign(document.createElement('form'), { method: 'dialog' });
  form.append(title, text, keep, discard);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'discard');
    });
  });
}

document.addEventListener('close-request', async (event) => {
  const forms = dirtyIn(event.target);
  if (!forms.length) return;
  event.preventDefault();
  if (document.querySelector('dialog.ask[open]') || !(await ask())) return;
  event.detail.close();
});
document.addEventListener('htmx:after:swap', remember);
addEventListener('beforeunload', (event) => {
  if (dirtyIn(document).some((form) => !form.hasAttribute('aria-busy'))) event.preventDefault();
});
remember();
