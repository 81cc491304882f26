import type { UsageSpan } from '../../services/usage/usage.ts';
import type { UsageFilters, UsageRange } from '../view-models/usage.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const longestMs = 5 * 366 * dayMs;

/** What a page of usage is about: a span, cut into stretches of so many hours. */
export interface Period {
  span: UsageSpan;
  hours: number;
}

/** Reads the filters out of an address; what nobody could have chosen counts as not chosen. */
export function filtersIn(query: Record<string, string>): UsageFilters {
  const one = <T extends string>(text: string | undefined, values: readonly T[]): T =>
    values.find((value) => value === text) ?? (values[0] as T);
  const own = query.range === 'own' && dayIn(query.from) !== null && dayIn(query.until) !== null;
  const range: UsageRange = own ? 'own' : one(query.range, ['30d', '24h', '7d', 'month'] as const);
  const [from = '', until = ''] = own ? [query.from ?? '', query.until ?? ''].sort() : [];
  const text = (name: string) => (query[name] ?? '').slice(0, 200);
  return {
    ...{ range, from, until },
    split: one(query.split, ['model', 'tier', 'key', 'connector'] as const),
    show: one(query.show, ['cost', 'tokens', 'calls'] as const),
    ...{ model: text('model'), tier: text('tier'), key: text('key'), connector: text('connector') },
  };
}

function dayIn(text = ''): number | null {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? null : at;
}

/** Whole hours in UTC, to the end of the one that is running; at most five years. */
export function periodOf({ range, from, until }: Pick<UsageFilters, 'range' | 'from' | 'until'>, now: Date): Period {
  const at = now.getTime();
  const tomorrow = (Math.floor(at / dayMs) + 1) * dayMs;
  const ending = (end: number, length: number, hours: number) => period(end - length, end, hours);
  if (range === '24h') return ending((Math.floor(at / hourMs) + 1) * hourMs, dayMs, 1);
  if (range === '7d') return ending(tomorrow, 7 * dayMs, 6);
  if (range === 'month') return period(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()), tomorrow, 24);
  if (range === '30d') return ending(tomorrow, 30 * dayMs, 24);
  const end = (dayIn(until) ?? at) + dayMs;
  const start = Math.max(dayIn(from) ?? at, end - longestMs);
  return period(start, end, stretchOf(end - start));
}

const period = (from: number, until: number, hours: number): Period => ({
  span: { from: new Date(from), until: new Date(until) },
  hours,
});

/** So that there are some sixty stretches at most. */
function stretchOf(ms: number): number {
  const days = ms / dayMs;
  if (days <= 2) return 1;
  if (days <= 14) return 6;
  if (days <= 62) return 24;
  return days <= 62 * 7 ? 7 * 24 : 28 * 24;
}

/** Where each stretch begins, in milliseconds. As in SQL, they are counted from a Monday. */
export function stretchesOf({ span, hours }: Period): number[] {
  const length = hours * hourMs;
  const origin = Date.UTC(2024, 0, 1);
  const first = origin + Math.floor((span.from.getTime() - origin) / length) * length;
  const count = Math.ceil((span.until.getTime() - first) / length);
  return Array.from({ length: count }, (_, index) => first + index * length);
}

const format = (options: Intl.DateTimeFormatOptions) => {
  const made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
  return (at: number) => made.format(at);
};
const clock = format({ hour: '2-digit', minute: '2-digit' });
const day = format({ day: 'numeric', month: 'short' });
const fullDay = format({ day: 'numeric', month: 'short', year: 'numeric' });
const weekday = format({ weekday: 'short', day: 'numeric', month: 'short' });

/** A stretch below the axis; '' for those between two days. */
export function stretchLabel(at: number, { span, hours }: Period): string {
  const oneDay = span.until.getTime() - span.from.getTime() <= 2 * dayMs;
  if (hours < 24 && !oneDay) return at % dayMs === 0 ? day(at) : '';
  return hours < 24 ? clock(at) : day(at);
}

/** The same in full: `Fri, 20 Nov, 06:00–12:00`. */
export function stretchTitle(at: number, hours: number): string {
  const end = at + hours * hourMs;
  if (hours < 24) return `${weekday(at)}, ${clock(at)}–${clock(end)}`;
  return hours === 24 ? weekday(at) : `${day(at)} – ${fullDay(end - dayMs)}`;
}

export function periodInWords({ span, hours }: Period): string {
  const [from, until] = [span.from.getTime(), span.until.getTime()];
  if (hours === 1) return `${weekday(from)}, ${clock(from)} to ${weekday(until - 1)}, ${clock(until)}`;
  return until - from <= dayMs ? fullDay(from) : `${day(from)} to ${fullDay(until - 1)}`;
}

/** As a date field takes it. */
export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);
