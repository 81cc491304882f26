/** Forms that were sent and have no answer yet. */
const pending = new Set();

function release(form) {
  pending.delete(form);
  form.removeAttribute('aria-busy');
  for (const button of buttonsOf(form)) button.disabled = false;
}

const buttonsOf = (form) =>
  [...form.elements].filter((control) => control.type === 'submit' && control.formMethod !== 'dialog');

/** The first listener of all: a form that is under way is not sent again, by whatever key or button. */
document.addEventListener(
  'submit',
  (event) => {
    const form = event.target;
    if (event.submitter?.formMethod === 'dialog' || form.method === 'dialog') return;
    if (pending.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    pending.add(form);
    form.setAttribute('aria-busy', 'true');
    // Afterwards only: the button that was pressed belongs to what is sent.
    setTimeout(() => {
      if (!pending.has(form)) return;
      for (const button of buttonsOf(form)) button.disabled = true;
    });
  },
  { capture: true },
);

/** Also after an error or when the request was never sent, so that one can try again. */
document.addEventListener('htmx:finally:request', ({ target }) => {
  for (const form of pending) if (!form.isConnected || form.contains(target)) release(form);
});
addEventListener('pageshow', () => {
  for (const form of pending) release(form);
});
