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
  const seconds = (new Date(time.dateTime).getTime() - Date.now()) / 1000;
  const step = steps.find(([, length]) => Math.abs(seconds) >= length);
  return step ? format.format(Math.trunc(seconds / step[1]), step[0]) : 'just now';
}

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll('time[title]')) {
    const text = relative(time);
    if (time.textContent !== text) time.textContent = text;
  }
}, 30_000);
