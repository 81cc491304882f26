// A dialog comes into #modal from the server, is made modal here, and has its own address while it is open.

const open = () => document.querySelector('#modal > dialog');

/** What had the focus before. */
let opener = null;
/** How the dialog's address came about: `pushed` by us, `loaded` with the page, or `none` of its own. */
let address = 'none';
/** True from when a dialog has done what it was for to the next key. */
let finished = false;
/** True while we ourselves go back in the history. */
let leaving = false;

/** Makes a dialog modal that has just come into the page. */
function adopt(how, path) {
  const dialog = open();
  if (!dialog || dialog.matches(':modal')) return;
  dialog.removeAttribute('open');
  dialog.showModal();
  moveToasts(dialog, how === 'pushed');
  focusFirst(dialog);
  address = how === 'pushed' && 'passing' in dialog.dataset ? 'none' : how;
  if (address !== 'pushed') return;
  dialog.dataset.address = path;
  history.pushState({ htmx: true, dialog: true }, '', path);
}

/** What is outside a modal dialog is out of reach, so messages move in; of earlier ones only what can be undone. */
function moveToasts(dialog, tidy) {
  const toasts = document.getElementById('toasts');
  if (tidy) for (const toast of toasts.querySelectorAll('[data-toast]:not(:has(form))')) toast.remove();
  dialog.append(toasts);
}

/** On touch screens this would only bring up the keyboard. */
function focusFirst(dialog) {
  const place = dialog.querySelector('[data-error-summary], [autofocus]');
  const field = matchMedia('(hover: hover)').matches
    ? dialog.querySelector('.m-body :is(input, select, textarea):not([type=hidden], :disabled, [readonly])')
    : null;
  (place ?? field)?.focus();
}

/** Closes unless a form inside wants to ask first; it is then closed when the person agrees. */
function requestClose(dialog) {
  const detail = { close: () => close(dialog) };
  const agreed = dialog.dispatchEvent(new CustomEvent('close-request', { bubbles: true, cancelable: true, detail }));
  if (agreed) close(dialog);
  return agreed;
}

function close(dialog) {
  if (!dialog.isConnected) return;
  document.body.append(document.getElementById('toasts'));
  dialog.remove();
  focusOpener();
  leaveAddress(dialog);
}

const focusOpener = () =>
  (nextStep() ?? (opener?.isConnected ? opener : document.getElementById('main')))?.focus({ preventScroll: true });

/** Where a dialog that did what it was for says to go on; nowhere once somebody goes on by themselves. */
const nextStep = () => (finished ? document.querySelector('#toasts > [data-toast]:last-of-type a') : null);

/** Browsers take the focus away when a step in the history is done. */
const focusOpenerLater = () => window.navigation?.addEventListener('navigatesuccess', focusOpener, { once: true });

function leaveAddress(dialog) {
  const how = address;
  address = 'none';
  if (how === 'loaded') history.replaceState({ htmx: true }, '', dialog.dataset.back);
  if (how !== 'pushed') return;
  leaving = true;
  focusOpenerLater();
  history.back();
}

document.addEventListener('htmx:before:request', ({ target, detail: { ctx } }) => {
  if (ctx.target?.id === 'modal') opener = target;
});
document.addEventListener('htmx:after:swap', ({ detail: { ctx } }) => {
  if (ctx.target?.id === 'modal') adopt('pushed', ctx.request.action);
  else adopt('loaded');
  if (nextStep() && !nextStep().contains(document.activeElement)) focusOpener();
  else if (opener && !opener.isConnected && document.activeElement === document.body) focusOpener();
});
document.addEventListener('dialog-close', () => {
  const dialog = open();
  if (!dialog) return;
  finished = true;
  close(dialog);
});
document.addEventListener('keydown', () => {
  finished = false;
});

document.addEventListener('click', (event) => {
  const dialog = open();
  if (!dialog?.contains(event.target) || !event.target.closest('[data-close]')) return;
  event.preventDefault();
  requestClose(dialog);
});
// Only a press that also began on the backdrop means it: dragging over a text may end there.
let pressed = null;
document.addEventListener('pointerdown', (event) => {
  pressed = event.target;
});
document.addEventListener('click', (event) => {
  const dialog = open();
  if (dialog && event.target === dialog && pressed === dialog) requestClose(dialog);
});
document.addEventListener(
  'cancel',
  (event) => {
    if (event.target !== open()) return;
    event.preventDefault();
    requestClose(event.target);
  },
  { capture: true },
);
// The browser may close it without asking, when Escape is pressed again and again.
document.addEventListener(
  'close',
  (event) => {
    if (event.target === open()) close(event.target);
  },
  { capture: true },
);

// Back closes the dialog instead of loading the page behind it anew.
document.addEventListener('htmx:before:history:restore', (event) => {
  const dialog = open();
  if (leaving) {
    leaving = false;
    event.preventDefault();
  } else if (dialog && address === 'pushed') {
    event.preventDefault();
    stepBack(dialog);
  }
});

function stepBack(dialog) {
  address = 'none';
  if (requestClose(dialog)) return focusOpenerLater();
  address = 'pushed';
  history.pushState({ htmx: true, dialog: true }, '', dialog.dataset.address);
}

adopt('loaded');
