// Ctrl-K goes anywhere by name. Arrows go through the places, letters go on with the search, Enter follows.

const palette = () => document.querySelector('.palette');
const places = () => [...palette().querySelectorAll('.places a')];

document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const way = document.querySelector('[data-go-to]');
  if (!way || document.querySelector('dialog:modal')) return;
  event.preventDefault();
  way.click();
});

document.addEventListener('keydown', (event) => {
  if (!palette()?.contains(event.target)) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    move(step);
  } else if (event.key === 'Backspace' || (event.key.length === 1 && !event.ctrlKey && !event.metaKey)) {
    if (event.target.closest('.places')) palette().querySelector('input').focus();
  }
});

/** From the field to the first place, and from that one back. */
function move(step) {
  const stops = [palette().querySelector('input'), ...places()];
  const at = stops.indexOf(document.activeElement);
  stops.at((at + step) % stops.length)?.focus();
}

// Enter in the field follows the first place, once those of what was typed are there.
let asking = false;
let following = false;
const ofPalette = (target) => palette()?.contains(target) ?? false;
const follow = () => places()[0]?.click();

document.addEventListener(
  'submit',
  (event) => {
    if (!ofPalette(event.target)) return;
    event.preventDefault();
    if (asking) following = true;
    else follow();
  },
  { capture: true },
);
document.addEventListener('input', (event) => {
  if (!ofPalette(event.target)) return;
  asking = true;
  following = false;
});
document.addEventListener('htmx:after:swap', ({ detail: { ctx } }) => {
  if (ctx.target?.id !== 'places') return;
  asking = false;
  if (following) follow();
});
document.addEventListener('htmx:error', ({ target }) => {
  if (ofPalette(target)) asking = false;
});
