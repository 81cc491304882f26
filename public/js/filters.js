/** Filters that are not set stay out of the address. */
document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  const { method, form, body } = ctx.request;
  if (method !== 'GET' || !form?.matches('.filters')) return;
  for (const [name, value] of [...body]) if (value === '') body.delete(name);
});

// They apply while one types; Enter goes on to the first of what was found.
let searched = null;
document.addEventListener('submit', ({ target }) => {
  searched = target.matches('.filters') && document.activeElement?.matches('[type=search]') ? target : null;
});
document.addEventListener('input', () => {
  searched = null;
});
document.addEventListener('htmx:after:swap', () => {
  if (!searched?.isConnected || !searched.contains(document.activeElement)) return;
  const found = '.card h2 a, .card footer .btn, .log tbody a, .tool-list a';
  searched.closest('section').querySelector(found)?.focus();
  searched = null;
});
