const seconds = 8;
/** Errors, and what offers a next step, take longer to read. */
const longer = 15;

const container = () => document.getElementById('toasts');
const left = new WeakMap();
let clock;
/** Whether the step that a toast offered was just taken, from there. */
let acted = false;

/** Shows a sentence about something that went wrong. */
export function showFailure(text) {
  const toast = document.getElementById('failure').content.cloneNode(true);
  toast.querySelector('[data-toast-text]').textContent = text;
  container().append(toast);
  start();
}

function start() {
  clock ??= setInterval(tick, 1000);
}

/** Nothing goes away while somebody looks at it, or while nobody can. */
function tick() {
  const toasts = [...document.querySelectorAll('#toasts > [data-toast]')];
  if (!toasts.length) clock = clearInterval(clock);
  if (document.hidden || isHeld()) return;
  for (const toast of toasts) {
    const rest = (left.get(toast) ?? timeFor(toast)) - 1;
    left.set(toast, rest);
    if (rest <= 0) dismiss(toast);
  }
}

/** While somebody points at one, or is about to take the step that it offers. */
function isHeld() {
  const at = document.activeElement?.closest('#toasts [data-toast]');
  return container()?.matches(':hover') || (at && (at !== document.activeElement || at.querySelector('form, a')));
}

const timeFor = (toast) => (toast.matches('.bad') || toast.querySelector('form, a') ? longer : seconds);

function dismiss(toast) {
  if (toast.contains(document.activeElement)) document.getElementById('main')?.focus({ preventScroll: true });
  toast.classList.add('leaving');
  setTimeout(() => toast.remove(), 200);
}

document.addEventListener('click', (event) => {
  const toast = event.target.closest('[data-dismiss]')?.closest('[data-toast]');
  if (toast) dismiss(toast);
});
// Undo and the like can be done once.
document.addEventListener('htmx:after:request', (event) => {
  const toast = event.target.closest?.('[data-toast]');
  if (!toast) return;
  acted = toast.contains(document.activeElement);
  dismiss(toast);
});
// What was offered is done; when the answer offers the next step, the focus goes on to that.
document.addEventListener('htmx:after:swap', () => {
  start();
  if (!acted) return;
  acted = false;
  container().querySelector('[data-toast]:not(.leaving):last-of-type a')?.focus();
});
start();
// What was done on the way here comes first.
if (document.activeElement === document.body && !location.hash && !document.querySelector('[autofocus]'))
  container()?.querySelector('[data-toast]')?.focus({ preventScroll: true });
