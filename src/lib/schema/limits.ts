const maxDepth = 40;

/** How much may come at once, and what is told of more. */
export interface Limit {
  values: number;
  told: string;
}

/** Of settings, forms and schemas. */
export const ordinary: Limit = {
  values: 5_000,
  told: `Send less at once: at most 5000 values, nested ${maxDepth} deep.`,
};

/** Of the arguments of tools, which may be rows. */
export const ofArguments: Limit = {
  values: 100_000,
  told: `Send this in parts, a call for each: at most 100,000 values in one, nested ${maxDepth} deep.`,
};

export const tooMuch = ordinary.told;

/**
 * Whether a value from outside holds more than anything of ours needs. Look before validating: each of its parts may get a message
 * of its own, and copying what is nested deeply ends the stack.
 */
export function isTooMuch(value: unknown, { values }: Limit = ordinary): boolean {
  const open = [{ value, depth: 0 }];
  let count = 0;
  for (let at = open.pop(); at; at = open.pop()) {
    if (typeof at.value !== 'object' || at.value === null) continue;
    const children: unknown[] = Array.isArray(at.value) ? at.value : Object.values(at.value);
    count += children.length;
    if (count > values || at.depth >= maxDepth) return true;
    const depth = at.depth + 1;
    for (const child of children) if (typeof child === 'object') open.push({ value: child, depth });
  }
  return false;
}

/** The same of JSON before it is parsed: a hundred thousand names alone keep the parser busy for a second. */
export function isTooMuchJson(text: string, { values }: Limit = ordinary): boolean {
  let count = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    else if (sign === ',') count += 1;
    if (count > values || depth > maxDepth) return true;
  }
  return false;
}

/** Where the string that begins here ends. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

const maxTold = 100;

/** Where texts stand that no column takes: with a NUL, or half of a surrogate pair. The first hundred of them. */
export function unstorableTexts(value: unknown): string[][] {
  const found: string[][] = [];
  const path: (string | number)[] = [];
  const look = (at: unknown) => {
    if (found.length === maxTold) return;
    if (typeof at === 'string') {
      if (at.includes('\0') || !at.isWellFormed()) found.push(path.map(String));
    } else if (Array.isArray(at)) {
      for (let index = 0; index < at.length; index += 1) lookInto(index, at[index]);
    } else if (typeof at === 'object' && at !== null) {
      for (const key of Object.keys(at)) lookInto(key, (at as Record<string, unknown>)[key]);
    }
  };
  const lookInto = (key: string | number, child: unknown) => {
    if (typeof child !== 'string' && typeof child !== 'object') return;
    path.push(key);
    look(child);
    path.pop();
  };
  look(value);
  return found;
}
