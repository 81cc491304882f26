import { type AnswerPath, isPrototypeName, valueAt } from './paths.ts';

// Texts with places to fill: `Hello {input.name}`. Nothing is evaluated: a placeholder names a value, or several of which the first one
// that is there counts (`{input.status|config.status}`). Two braces stand for one.

/** One value: where it comes from, and the way to it. */
export interface Reference {
  source: string;
  path: AnswerPath;
}

type Part = string | readonly Reference[];

export interface Template {
  parts: readonly Part[];
}

/** What placeholders can name, by source. */
export type Sources = Record<string, unknown>;

/** A text that is no template; the message says what to do. */
export class TemplateError extends Error {
  override name = 'TemplateError';
}

const token = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** @throws TemplateError */
export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  let literal = '';
  let end = 0;
  for (const match of text.matchAll(token)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[1] !== undefined) {
      if (literal) parts.push(literal);
      literal = '';
      parts.push(match[1].split('|').map(reference));
    } else if (match[0].length === 2) literal += match[0][0];
    else throw new TemplateError(`has a single “${match[0]}”; write it twice where a brace is meant.`);
  }
  literal += text.slice(end);
  if (literal) parts.push(literal);
  return { parts };
}

function reference(text: string): Reference {
  const [source = '', ...path] = text.trim().split('.');
  const plain = [source, ...path].every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name) && !isPrototypeName(name));
  if (plain && path.length) return { source, path };
  throw new TemplateError(
    `has the placeholder “{${text.slice(0, 60)}}”, which names no value; write one such as {input.id}.`,
  );
}

export const referencesIn = ({ parts }: Template): Reference[] =>
  parts.flatMap((part) => (typeof part === 'string' ? [] : part));

/** Just what stands between two placeholders, or around them. */
export const isLiteral = ({ parts }: Template): boolean => parts.every((part) => typeof part === 'string');

const isGiven = (value: unknown) => value !== undefined && value !== null;

const given = (references: readonly Reference[], sources: Sources): unknown =>
  references.map(({ source, path }) => valueAt(sources[source], path)).find(isGiven);

/** Whether every placeholder has a value that is not empty. */
export const isComplete = ({ parts }: Template, sources: Sources): boolean =>
  parts.every((part) => typeof part === 'string' || plain(given(part, sources)) !== '');

/** A placeholder alone gives its value as it is, undefined when there is none; everything else gives text. */
export function fill(template: Template, sources: Sources): unknown {
  const [only] = template.parts;
  return template.parts.length === 1 && typeof only === 'object'
    ? given(only, sources)
    : textWith(template, sources, plain);
}

/** The same as text. */
export function fillText(template: Template, sources: Sources): string | undefined {
  const value = fill(template, sources);
  return value === undefined ? undefined : plain(value);
}

/** Every value in a text, as `encode` writes it. */
export const textWith = ({ parts }: Template, sources: Sources, encode: (value: unknown) => string): string =>
  parts.map((part) => (typeof part === 'string' ? part : encode(given(part, sources)))).join('');

/** Texts, numbers and truths as they are, lists of them with commas, and all else as JSON. */
export function plain(value: unknown): string {
  if (!isGiven(value)) return '';
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return value.map(String).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A part of a path is missing, or is no text that can be one. */
export class PathError extends Error {
  override name = 'PathError';
}

/**
 * A path with every value encoded as a whole, so that no slash, question mark or percent sign of it means anything. What is left of
 * dots is for `addressBelow` to refuse.
 * @throws PathError
 */
export const fillPath = (template: Template, sources: Sources): string =>
  textWith(template, sources, (value) => {
    if (typeof value === 'object' || value === undefined) throw new PathError('A part of the path is missing.');
    const text = String(value).toWellFormed();
    if (!text.trim()) throw new PathError('A part of the path is empty.');
    return encodeURIComponent(text);
  });

/** A tree of templates, as bodies are. */
export type TemplateTree =
  | Template
  | TemplateTree[]
  | { tree: [name: string, value: TemplateTree][] }
  | { value: unknown };

/** @param parse makes a template of a text found at a place in the tree */
export function parseTree(
  value: unknown,
  parse: (text: string, at: string[]) => Template,
  at: string[] = [],
): TemplateTree {
  if (typeof value === 'string') return parse(value, at);
  if (Array.isArray(value)) return value.map((each, index) => parseTree(each, parse, [...at, String(index)]));
  if (typeof value !== 'object' || value === null) return { value };
  return { tree: Object.entries(value).map(([name, each]) => [name, parseTree(each, parse, [...at, name])]) };
}

/** Members and entries whose placeholder has no value are left out. */
export function fillTree(tree: TemplateTree, sources: Sources): unknown {
  if (Array.isArray(tree)) return tree.map((each) => fillTree(each, sources)).filter((each) => each !== undefined);
  if ('parts' in tree) return fill(tree, sources);
  if ('value' in tree) return tree.value;
  const filled = tree.tree.map(([name, each]) => [name, fillTree(each, sources)] as const);
  return Object.fromEntries(filled.filter(([, each]) => each !== undefined));
}
