/** Filters that are not set stay out of the address. */
document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  const { method, form, body } = ctx.request;
  if (method !== 'GET' || !form?.matches('.filters')) return;
  for (const [name, value] of [...body]) if (value === '') body.delete(name);
});
