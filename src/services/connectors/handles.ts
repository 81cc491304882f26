const maxLength = 32;

/** An ASCII handle made from a name: "Büro Slack" gives "buro-slack"; a name without Latin letters gives the fallback. */
export function handleFrom(name: string, fallback: string): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return trim(ascii) || trim(fallback);
}

/** The handle itself, then with -2, -3 … at its end; never longer than 32. */
export function handleCandidates(handle: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const suffix = index === 0 ? '' : `-${index + 1}`;
    return trim(handle.slice(0, maxLength - suffix.length)) + suffix;
  });
}

const trim = (text: string) => text.slice(0, maxLength).replace(/^-+|-+$/g, '');
