import { oneLine } from '../../lib/one-line.ts';

// Answers are read as if they could hold anything: what is missing, or of another type than it was, becomes a safe default.

type Values = Record<string, unknown>;

export const record = (value: unknown): Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {};

/** @param most how many are read; the rest is left out */
export const list = (value: unknown, most = 1000): unknown[] => (Array.isArray(value) ? value.slice(0, most) : []);

/** One line, or '' for what is no text. */
export const line = (value: unknown, most = 200): string => (typeof value === 'string' ? oneLine(value, most) : '');

export const lineOrNull = (value: unknown, most = 200): string | null => line(value, most) || null;

/** A text that may have several lines, without what no database stores. */
export const prose = (value: unknown, most = 2000): string =>
  typeof value === 'string' ? value.slice(0, most).toWellFormed().replaceAll('\0', '').trim() : '';

export const lines = (value: unknown, most = 100): string[] => [
  ...new Set(
    list(value, most)
      .map((each) => line(each))
      .filter(Boolean),
  ),
];

export const count = (value: unknown): number | null =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : null;

/** An id or a slug as it stands, or null for what could not be asked for again. */
export const slug = (value: unknown): string | null =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,150}$/.test(value) ? value : null;

export const lowerSlug = (value: unknown): string | null => slug(value)?.toLowerCase() ?? null;

/** An address that a page may load or link to, or null. */
export function httpsAddress(value: unknown): string | null {
  const url = typeof value === 'string' && value.length <= 2048 ? URL.parse(value) : null;
  return url?.protocol === 'https:' && !url.username && !url.password ? url.href : null;
}

/** ISO 8601 in UTC, or null. */
export function moment(value: unknown): string | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}

/** What makes items out of a list, without those that could not be named. */
export const items = <T>(value: unknown, read: (item: Values) => T | null, most?: number): T[] =>
  list(value, most).flatMap((item) => read(record(item)) ?? []);

/** The cursor of what follows, or null at the end. */
export const cursorIn = (answer: unknown): string | null => {
  const { next_cursor } = record(answer);
  return typeof next_cursor === 'string' && /^[!-~]{1,2048}$/.test(next_cursor) ? next_cursor : null;
};
