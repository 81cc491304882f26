// Pages stay open for long: what was "just now" grows older while one looks at it.

const steps = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const format = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });

function relative(time) {
  const left = (new Date(time.dateTime).getTime() - Date.now()) / 1000;
  const seconds = left > 0 ? left * 1.01 : left; // as the server does it
  const step = steps.find(([, length]) => Math.abs(seconds) >= length);
  return step ? format.format(Math.trunc(seconds / step[1]), step[0]) : 'just now';
}

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll('time[title]:not([data-clock])')) {
    const text = relative(time);
    if (time.textContent !== text) time.textContent = text;
  }
}, 30_000);

// The server tells the time of day in its own zone, with the zone's name.
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
function localise() {
  for (const time of document.querySelectorAll('time[data-clock]')) {
    const text = clock.format(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}
localise();
document.addEventListener('htmx:after:swap', localise);
