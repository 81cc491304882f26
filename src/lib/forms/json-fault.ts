const token =
  /[{}[\],:]|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/uy;

/** The next kinds of token that may stand somewhere in a JSON text. */
const allowed = {
  value: /^[[{"\-\dtfn]/,
  valueOrEnd: /^[[{"\-\dtfn\]]/,
  key: /^"/,
  keyOrEnd: /^["}]/,
  colon: /^:/,
  more: /^[,\]}]/,
  nothing: /^$/,
};
type Expected = keyof typeof allowed;

/**
 * The index at which a text stops being JSON, which the engine's own message does not always tell; the text's length when
 * it ends too early.
 */
export function jsonFaultAt(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = afterSpace(text, 0); at < text.length; at = afterSpace(text, token.lastIndex)) {
    token.lastIndex = at;
    const found = token.exec(text)?.[0];
    if (!found || !allowed[expected].test(found) || closesWrong(found, open)) return at;
    expected = follow(found, expected, open);
  }
  return text.length;
}

const space = /[ \t\n\r]*/y;

function afterSpace(text: string, from: number): number {
  space.lastIndex = from;
  space.test(text);
  return space.lastIndex;
}

const closesWrong = (found: string, open: string[]) =>
  (found === '}' && open.at(-1) !== '{') || (found === ']' && open.at(-1) !== '[');

function follow(found: string, expected: Expected, open: string[]): Expected {
  if (found === '{' || found === '[') {
    open.push(found);
    return found === '{' ? 'keyOrEnd' : 'valueOrEnd';
  }
  if (found === '}' || found === ']') open.pop();
  if (expected === 'key' || (expected === 'keyOrEnd' && found !== '}')) return 'colon';
  if (found === ':') return 'value';
  if (found === ',') return open.at(-1) === '{' ? 'key' : 'value';
  return open.length ? 'more' : 'nothing';
}

/** The first key that a map in a JSON text says twice, of which parsing keeps the last only; undefined where there is none. */
export function doubledKeyIn(text: string): string | undefined {
  const open: Set<string>[] = [];
  let last = '';
  for (const [found] of text.matchAll(/[{}[\]:]|"(?:[^"\\]|\\.)*"/g)) {
    if (found === '{' || found === '[') open.push(new Set());
    else if (found === '}' || found === ']') open.pop();
    else if (found === ':') {
      const key: string = JSON.parse(last);
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
    last = found;
  }
  return undefined;
}
