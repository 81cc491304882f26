import { escapeHtml } from './html.ts';

const steps: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

/** How long ago it was in words, e.g. `5 minutes ago`, `yesterday`; also of times to come. */
export function relativeTime(date: Date, now = new Date()): string {
  const seconds = withGrace((date.getTime() - now.getTime()) / 1000);
  const step = steps.find(([, length]) => Math.abs(seconds) >= length);
  return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : 'just now';
}

/** What was set to seven days a moment ago is in seven days, not in six. */
const withGrace = (seconds: number) => (seconds > 0 ? seconds * 1.01 : seconds);

/** The full time, e.g. `21 November 2026 at 02:48 UTC`. */
export const absoluteTime = (date: Date): string => `${full.format(date)} UTC`;

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** A `<time>` that reads as the time of day, e.g. `14:05 UTC`; browsers put it into their own zone. */
export const timeOfDay = (date: Date): string =>
  `<time datetime="${date.toISOString()}" title="${escapeHtml(absoluteTime(date))}" data-clock>${clock.format(date)} UTC</time>`;

/** A `<time>` that reads as how long ago it was and tells the full time on hover. */
export const ago = (date: Date, now?: Date): string => agoTag(date, escapeHtml(relativeTime(date, now)));

/** The same around this text. */
export const agoTag = (date: Date, text: string): string =>
  `<time datetime="${date.toISOString()}" title="${escapeHtml(absoluteTime(date))}">${text}</time>`;
