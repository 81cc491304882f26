/** Where something stands in an answer: `data.0.id`, or a JSON Pointer (RFC 6901) when it begins with a slash. `''` is the whole. */
export type AnswerPath = readonly string[];

const prototypeNames = new Set(['__proto__', 'constructor', 'prototype']);
export const isPrototypeName = (name: string): boolean => prototypeNames.has(name);

/** Null for a text that is no path. */
export function parsePath(text: string): AnswerPath | null {
  const names = namesIn(text);
  return names.length > 16 || names.some((name) => name === '' || isPrototypeName(name)) ? null : names;
}

function namesIn(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) return text.split('.');
  return text
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands there; only own properties count. */
export function valueAt(value: unknown, path: AnswerPath): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** The JSON Pointer of a place. */
export const pointerOf = (names: readonly (string | number)[]): string =>
  names.map((name) => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
