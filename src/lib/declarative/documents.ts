import { isPrototypeName, pointerOf } from './paths.ts';

/** What is wrong with a description, and where. */
export interface Problem {
  /** A JSON Pointer; '' for the whole. */
  at: string;
  /** What it is and what to do, as a sentence. */
  message: string;
}

const deepest = 32;
const mostAliases = 50;

/**
 * A document that somebody wrote, JSON or YAML 1.2, as plain data: no tags, no names that reach a prototype, not nested without end.
 * @param format by the file's name
 */
export async function readDocument(
  text: string,
  format: 'json' | 'yaml',
): Promise<{ tree: unknown } | { problems: Problem[] }> {
  const read = format === 'json' ? fromJson(text) : await fromYaml(text);
  if ('problems' in read) return read;
  const problems = oddities(read.tree);
  return problems.length ? { problems } : read;
}

type Read = { tree: unknown } | { problems: Problem[] };

const refused = (message: string): Read => ({ problems: [{ at: '', message }] });

function fromJson(text: string): Read {
  try {
    return { tree: JSON.parse(text) };
  } catch (error) {
    return refused(`This is no JSON: ${(error as Error).message.slice(0, 200)}. Mend it, or call the file .yaml.`);
  }
}

async function fromYaml(text: string): Promise<Read> {
  const { parseDocument } = await import('yaml'); // late: most hubs read no such file
  try {
    const document = parseDocument(text, { logLevel: 'silent', stringKeys: true });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) return refused(`This is no YAML: ${firstLine(problem.message)}`);
    return { tree: document.toJS({ maxAliasCount: mostAliases }) };
  } catch (error) {
    return refused(`This is no YAML that can be read: ${firstLine((error as Error).message)}`);
  }
}

const firstLine = (text: string) => {
  const line = text.split('\n', 1)[0]?.replace(/:$/, '').slice(0, 200) ?? '';
  return /[.!?]$/.test(line) ? line : `${line}.`;
};

/** Walks without recursion: how deep it goes is not known yet. */
function oddities(root: unknown): Problem[] {
  const problems: Problem[] = [];
  const rest: { value: unknown; at: string[] }[] = [{ value: root, at: [] }];
  for (let next = rest.pop(); next && problems.length < 20; next = rest.pop()) {
    const { value, at } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (at.length >= deepest) {
      problems.push({ at: pointerOf(at), message: `This is nested more than ${deepest} deep. Make it flatter.` });
      continue;
    }
    for (const name of Object.getOwnPropertyNames(value).filter(
      (each) => !(Array.isArray(value) && each === 'length'),
    )) {
      if (isPrototypeName(name))
        problems.push({
          at: pointerOf([...at, name]),
          message: `The name “${name}” cannot be used. Choose another one.`,
        });
      else rest.push({ value: (value as Record<string, unknown>)[name], at: [...at, name] });
    }
  }
  return problems;
}
