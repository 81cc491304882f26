const anywhere = 'http://own.invalid';

/**
 * Where to go after signing in, as a path on this origin: open redirects end here.
 * Only an absolute path of plain characters is taken; whatever a browser could read as another host, scheme or
 * credentials gives the fallback.
 * @param fallback the path to use instead
 */
export function sameOriginPath(next: unknown, fallback: string): string {
  if (typeof next !== 'string' || next.length > 2_000) return fallback;
  // Browsers drop tabs and newlines and read \ as /: such a path is no accident.
  if (!/^\/[\x21-\x5b\x5d-\x7e]*$/.test(next) || next.startsWith('//')) return fallback;
  // Proxies and older servers decode once more before they answer.
  if (/^\/(%2f|%5c|%0|%09|\.{1,2}(\/|$|%2f|%5c))/i.test(next)) return fallback;
  const url = URL.parse(next, anywhere);
  if (!url || url.origin !== anywhere || url.pathname.startsWith('//')) return fallback;
  return `${url.pathname}${url.search}${url.hash}`;
}
