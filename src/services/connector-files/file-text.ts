import { isNode, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';

/** Something in the file that somebody has to mend. */
export interface FileProblem {
  line: number;
  /** From the file's root; empty for the whole file. */
  path: string[];
  message: string;
}

/** What does not fit, everything at once; secrets are in none of the messages. */
export class FileProblems extends Error {
  override name = 'FileProblems';
  readonly problems: FileProblem[];

  constructor(file: string, problems: FileProblem[]) {
    const sorted = problems.toSorted((a, b) => a.line - b.line);
    super(sorted.map((each) => lineOf(file, each)).join('\n'));
    this.problems = sorted;
  }
}

const lineOf = (file: string, { line, path, message }: FileProblem) =>
  `${file}:${line}: ${path.length ? `/${path.join('/')}: ` : ''}${message}`;

export interface FileText {
  value: unknown;
  /** Where a place of the file stands, or what is nearest above it. */
  lineAt(path: string[]): number;
}

const maxBytes = 1_000_000;

/** What stands in the file, YAML or JSON. @throws FileProblems for what is neither */
export function readText(file: string, text: string): FileText {
  if (Buffer.byteLength(text) > maxBytes)
    throw new FileProblems(file, [{ line: 1, path: [], message: 'Use at most 1 MB; split it by `source`.' }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length)
    throw new FileProblems(
      file,
      faults.map(({ code, pos }) => ({
        line: lines.linePos(pos[0]).line,
        path: [],
        message: sentences[code] ?? notYaml,
      })),
    );
  const unfit: FileProblem[] = [];
  visit(document, {
    Alias: (_, { range }) => {
      unfit.push({ line: lines.linePos(range?.[0] ?? 0).line, path: [], message: noAlias });
    },
  });
  if (unfit.length) throw new FileProblems(file, unfit);
  return {
    value: document.toJS(),
    lineAt: (path) => lines.linePos(offsetAt(document.contents, path)).line,
  };
}

/** The library's own words may quote what stands in the file, which may be a secret. */
const notYaml = 'This is no valid YAML. Look at the colons, quotes and indentation here and on the line above.';
const noAlias = 'Write it out: aliases (*name) are not taken.';
const sentences: Record<string, string> = {
  DUPLICATE_KEY: 'This key stands here twice. Keep one of them.',
  TAB_AS_INDENT: 'Indent with spaces; tabs are not allowed.',
  MULTIPLE_DOCS: 'Keep one document in a file; split at --- into two files.',
  MISSING_CHAR: 'A closing quote, bracket or comma is missing here or above.',
  BAD_INDENT: 'Indent this like its neighbours.',
};

function offsetAt(root: Node | null, path: string[]): number {
  let [at, offset] = [root, root?.range?.[0] ?? 0];
  for (const key of path) {
    const found = childOf(at, key);
    if (!found) return offset;
    offset = found.offset;
    at = found.node;
  }
  return offset;
}

function childOf(node: Node | null, key: string): { node: Node | null; offset: number } | null {
  const items = (node as { items?: unknown[] } | null)?.items ?? [];
  for (const [index, item] of items.entries()) {
    if (isPair(item) && String(isScalar(item.key) ? item.key.value : item.key) === key) {
      const start = isNode(item.key) ? item.key.range?.[0] : undefined;
      return { node: isNode(item.value) ? item.value : null, offset: start ?? 0 };
    }
    if (isNode(item) && String(index) === key) return { node: item, offset: item.range?.[0] ?? 0 };
  }
  return null;
}
