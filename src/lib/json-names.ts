/**
 * A name that stands twice in one object of this JSON, at any depth, as it reads without escapes; null when each stands once. Which of
 * the two counts differs between readers (RFC 8259, 4), so what was checked may not be what the next one goes by.
 * @param value the same, parsed
 */
export function repeatedName(text: string, value: unknown): string | null {
  return namesIn(text) > namesOf(value) ? findRepeated(text) : null;
}

/** How many names the text has: strings with a colon behind. Nothing else of it needs to be understood. */
function namesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = behindString(text, at);
    if (text.charCodeAt(behindBlanks(text, at)) === colon) count += 1;
  }
  return count;
}

/** How many names were kept. */
function namesOf(value: unknown): number {
  let count = 0;
  const open = [value];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const children = Array.isArray(at) ? at : Object.values(at as object);
    if (children !== at) count += children.length;
    for (const child of children) if (typeof child === 'object' && child !== null) open.push(child);
  }
  return count;
}

/** The slow way, for a text that is known to have one. */
function findRepeated(text: string): string | null {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '{' || text[at] === '[') open.push(new Set());
    else if (text[at] === '}' || text[at] === ']') open.pop();
    else if (text[at] === '"') {
      const end = behindString(text, at);
      const names = open.at(-1);
      if (names && text.charCodeAt(behindBlanks(text, end)) === colon) {
        const written = text.slice(at + 1, end - 1);
        const name: string = written.includes('\\') ? JSON.parse(`"${written}"`) : written;
        if (names.has(name)) return name;
        names.add(name);
      }
      at = end - 1;
    }
  }
  return null;
}

const [colon, backslash, blank] = [58, 92, 32];

/** The place behind the string that begins here: its end is a quote behind an even number of backslashes. */
function behindString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let at = end;
    while (text.charCodeAt(at - 1) === backslash) at -= 1;
    if ((end - at) % 2 === 0) return end + 1;
  }
  return text.length;
}

function behindBlanks(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= blank) at += 1;
  return at;
}
