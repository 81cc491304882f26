const root = document.documentElement;
const current = () => root.dataset.theme ?? 'system';

function choose(theme) {
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem('theme');
    else localStorage.setItem('theme', theme);
  } catch {
    // It holds for this page, then.
  }
  show();
}

function show() {
  for (const button of document.querySelectorAll('[data-theme-choice]'))
    button.setAttribute('aria-pressed', String(button.dataset.themeChoice === current()));
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-theme-choice]');
  if (button) choose(button.dataset.themeChoice);
});
document.addEventListener('htmx:after:swap', show);
show();
