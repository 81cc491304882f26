/** Controls in blocks that are hidden take no part in the form: the style sheet decides what is hidden, this follows it. */
function disableHidden() {
  const hidden = [...document.querySelectorAll('.f-block')].filter(
    (block) => getComputedStyle(block).display === 'none',
  );
  for (const block of document.querySelectorAll('.f-block')) {
    for (const control of block.querySelectorAll('input, select, textarea')) {
      const off = hidden.some((one) => one.contains(control));
      if (off === control.disabled || (control.disabled && !('off' in control.dataset))) continue;
      control.disabled = off;
      if (off) control.dataset.off = '';
      else delete control.dataset.off;
    }
  }
}

document.addEventListener('change', (event) => {
  if (event.target.closest('.f-switcher')) disableHidden();
});
document.addEventListener('htmx:after:swap', disableHidden);
disableHidden();
