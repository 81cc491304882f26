/** Copy buttons appear only where scripts run. */
function offer() {
  for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;
}

async function copy(button) {
  const input = document.getElementById(button.dataset.copy);
  const copied = await toClipboard(input);
  const label = button.querySelector('[data-copy-text]');
  label.textContent = copied ? 'Copied' : 'Press Ctrl+C';
  setTimeout(() => {
    label.textContent = 'Copy';
  }, 2500);
}

/** The clipboard API is missing on plain http; there the text is selected, ready to be copied by hand. */
async function toClipboard(input) {
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
    return true;
  } catch {
    return false;
  }
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) void copy(button);
});
document.addEventListener('htmx:after:swap', offer);
offer();
