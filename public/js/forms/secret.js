/** A secret can be looked at only while it is being typed; what is stored is not in the page at all. */
function setShown(button, shown) {
  const input = document.getElementById(button.dataset.reveal);
  input.type = shown ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(shown));
  button.hidden = !shown && input.value === '';
}

const buttonIn = (part) => part.closest('.secret')?.querySelector('[data-reveal]');

function hideAll() {
  for (const button of document.querySelectorAll('[data-reveal]')) setShown(button, false);
}

document.addEventListener('input', (event) => {
  const button = event.target.matches('[data-secret]') && buttonIn(event.target);
  if (button) setShown(button, button.getAttribute('aria-pressed') === 'true' && event.target.value !== '');
});
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-reveal]');
  if (button) setShown(button, button.getAttribute('aria-pressed') !== 'true');
});
document.addEventListener('focusout', (event) => {
  const button = buttonIn(event.target);
  if (button && event.relatedTarget?.closest('.secret') !== button.parentElement) setShown(button, false);
});
// Before the form is read, so that browsers do not take the text for something to remember.
document.addEventListener('submit', hideAll, { capture: true });
document.addEventListener('htmx:after:swap', hideAll);
document.addEventListener('visibilitychange', hideAll);
hideAll();
