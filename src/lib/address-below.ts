/**
 * The address of a path below a base, or null when it would lead out of it. Paths stay as they were sent: what a service decodes
 * once or twice must not lead out either.
 * @param path what follows the base, '' or with a slash first, percent-encoded as it came
 * @param query with its question mark, or ''
 */
export function addressBelow(base: string, path: string, query = ''): URL | null {
  const root = URL.parse(base);
  if (!root || (path && !path.startsWith('/')) || !staysBelow(path)) return null;
  const folder = root.pathname.replace(/\/+$/, '');
  const address = URL.parse(`${root.origin}${folder}${path}${query}`);
  if (!address || address.origin !== root.origin || address.username || address.password || address.hash) return null;
  return address.pathname === (folder || '/') || address.pathname.startsWith(`${folder}/`) ? address : null;
}

/** Servers decode differently, and some more than once. */
const mostDecodings = 4;

function staysBelow(path: string): boolean {
  let text = path;
  for (let times = 0; times < mostDecodings; times++) {
    if (isHostile(text)) return false;
    const decoded = decode(text);
    if (decoded === null && times === 0) return false; // no address at all
    const next = decoded ?? decodeLoosely(text);
    if (next === text) return true;
    text = next;
  }
  return false; // nobody encodes that often in good faith
}

/** Steps up or on the spot (also with the parameters that some servers cut off), a second host, and what no path has. */
const isHostile = (text: string) =>
  /[\\\p{Cc}]/u.test(text) ||
  text.startsWith('//') ||
  text.split('/').some((part) => ['.', '..'].includes(part.split(';')[0]?.trim() ?? ''));

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** As lenient servers do it: what is no encoding stays as it is, and dots and slashes may be written longer than allowed. */
const decodeLoosely = (text: string): string =>
  text
    .replace(/%c0%ae/gi, '.')
    .replace(/%c0%af/gi, '/')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
