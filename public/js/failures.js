import { showFailure } from './toasts.js';

const noAnswer = 'Patchbay did not answer. Check your connection and try again.';

/** The hub's own errors come as toasts and forms; what anything in between answers must not land in the page. */
function isForeign({ response }, tasks) {
  const status = response?.status ?? 0;
  return status >= 400 && status !== 409 && status !== 422 && !tasks.some((task) => task.type === 'partial');
}

document.addEventListener('htmx:before:swap', (event) => {
  const { ctx, tasks } = event.detail;
  if (!isForeign(ctx, tasks)) return;
  event.preventDefault();
  showFailure(`The server answered with error ${ctx.response.status}. Try again, or reload the page.`);
});
document.addEventListener('htmx:error', (event) => {
  if (event.detail.ctx && !event.detail.ctx.response) showFailure(noAnswer);
});
