const focusable = 'input:not([type=hidden], :disabled), select, textarea, button, summary';
const visible = focusable.replace('textarea', 'textarea:not([hidden])');

/** Goes to a control by its id, unfolding what hides it. */
function goTo(id) {
  const place = document.getElementById(id);
  if (!place) return false;
  for (let fold = place.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  const control = controlAt(place);
  control.focus();
  control.scrollIntoView({ block: 'center' });
  return true;
}

/** The control itself; of a field with an editor of its own the first that is wrong, or the first of all. */
function controlAt(place) {
  const around = place.hidden ? place.closest('[data-island]') : place;
  if (around === place && place.matches(focusable)) return place;
  return around.querySelector('[aria-invalid=true]:not([hidden])') ?? around.querySelector(visible) ?? place;
}

const focusSummary = (root) => root.querySelector('[data-error-summary]')?.focus();

document.addEventListener('click', (event) => {
  const link = event.target.closest('[data-error-summary] a, [data-focus] a');
  if (link && goTo(link.hash.slice(1))) event.preventDefault();
});

/** A test that ran has gone over all fields: what was wrong with them before is answered. */
function forgetErrors(form) {
  for (const said of form.querySelectorAll('[data-error-summary], .f-error')) said.remove();
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

document.addEventListener('htmx:after:swap', ({ target, detail: { ctx } }) => {
  const report = ctx?.target?.querySelector?.('[data-focus]');
  if (report) {
    forgetErrors(report.closest('form'));
    report.scrollIntoView({ block: 'nearest' });
  }
  if (ctx?.response?.status >= 400) focusSummary(target.isConnected ? target : document);
});
focusSummary(document);
