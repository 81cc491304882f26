const typing = 'input, textarea, select, [contenteditable]';

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest(typing) || document.querySelector('dialog:modal')) return;
  const search = document.querySelector('input[type=search]');
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
