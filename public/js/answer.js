/** The button that was pressed is gone with its question: the focus goes to the answer, not to the page's beginning. */
document.addEventListener('htmx:after:swap', () => {
  if (document.activeElement === document.body) document.querySelector('[data-answer]')?.focus();
});
