const maxValues = 5_000;
const maxDepth = 40;

export const tooMuch = `Send less at once: at most ${maxValues} values, nested ${maxDepth} deep.`;

/**
 * Whether a value from outside holds more than anything of ours needs. Look before validating: each of its parts may get a message
 * of its own, and copying what is nested deeply ends the stack.
 */
export function isTooMuch(value: unknown): boolean {
  const open = [{ value, depth: 0 }];
  let count = 0;
  for (let at = open.pop(); at; at = open.pop()) {
    if (typeof at.value !== 'object' || at.value === null) continue;
    const children: unknown[] = Object.values(at.value);
    count += children.length;
    if (count > maxValues || at.depth >= maxDepth) return true;
    const depth = at.depth + 1;
    open.push(...children.map((child) => ({ value: child, depth })));
  }
  return false;
}

/** The same of JSON before it is parsed: a hundred thousand names alone keep the parser busy for a second. */
export function isTooMuchJson(text: string): boolean {
  let count = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    else if (sign === ',') count += 1;
    if (count > maxValues || depth > maxDepth) return true;
  }
  return false;
}

/** Where the string that begins here ends. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Where texts stand that no column takes: with a NUL, or half of a surrogate pair. */
export function unstorableTexts(value: unknown, path: string[] = []): string[][] {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => unstorableTexts(child, [...path, key]));
}
