// Schemas that others wrote are programs for our compiler: these limits keep them small ones. Measured on Ajv 8: 50,000 enum
// values take 35 s to compile, 1,000 properties 2 s, `uniqueItems` over 20,000 objects 47 s, and `$data` brings patterns back in.

export const foreignLimits = {
  bytes: 65_536,
  depth: 6,
  properties: 100,
  choices: 200,
  variants: 8,
  /** Variants of all unions together: those inside one another multiply. */
  allVariants: 32,
  pattern: 256,
  uniqueItems: 200,
  references: 100,
};

export type ForeignSchema = boolean | { [keyword: string]: unknown };

/** Why a foreign schema, as JSON text, is refused; or the schema. It reads a bounded amount and never throws. */
export function readForeign(text: string): { schema: ForeignSchema } | { reasons: string[] } {
  if (Buffer.byteLength(text) > foreignLimits.bytes)
    return { reasons: [`The schema has more than ${foreignLimits.bytes / 1024} KB.`] };
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch {
    return { reasons: ['The schema is no JSON.'] };
  }
  if (!isSchema(schema)) return { reasons: ['A schema is an object.'] };
  const reasons = new Lint(schema).run();
  return reasons.length ? { reasons } : { schema };
}

const isSchema = (value: unknown): value is ForeignSchema =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));

interface Visit {
  at: unknown;
  depth: number;
  path: string;
}

const listsOfSchemas = ['oneOf', 'anyOf', 'allOf', 'prefixItems'];
const mapsOfSchemas = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const schemas = [
  'items',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'contains',
  'not',
  'if',
  'then',
  'else',
];
/** References to elsewhere, references into data, and what form editors take for markup or code. */
const forbidden = [
  '$id',
  'id',
  '$anchor',
  '$dynamicRef',
  '$dynamicAnchor',
  '$recursiveRef',
  'links',
  'options',
  'template',
  'headerTemplate',
  'watch',
];
const astray = '$ref must lead to a part of this schema.';
const prototypeNames = new Set(['__proto__', 'constructor', 'prototype']);

/** Walks the schema without recursion, so that nothing that is in it can exhaust the stack. */
class Lint {
  readonly #root: unknown;
  readonly #reasons: string[] = [];
  readonly #count = { properties: 0, variants: 0, references: 0 };
  readonly #seen = new Set<unknown>();
  readonly #targets: { target: unknown; path: string }[] = [];
  #rest: Visit[];

  constructor(root: unknown) {
    this.#root = root;
    this.#rest = [{ at: root, depth: 0, path: '' }];
  }

  run(): string[] {
    for (let visit = this.#rest.pop(); visit; visit = this.#rest.pop()) {
      if (this.#reasons.length >= 10) break;
      this.#visit(visit);
    }
    this.#refuseUnseenTargets();
    return this.#reasons;
  }

  /** What stands beside the schema's own parts, under a name of its own or in a default, nobody has looked at. */
  #refuseUnseenTargets() {
    if (this.#reasons.length) return;
    for (const { target, path } of this.#targets)
      if (isMap(target) && !this.#seen.has(target)) this.#refuse(path, astray);
  }

  #refuse(path: string, reason: string) {
    this.#reasons.push(`${path.slice(0, 120) || '(root)'}: ${reason}`);
  }

  #visit({ at, depth, path }: Visit) {
    if (typeof at === 'boolean') return;
    if (!isSchema(at)) return this.#refuse(path, 'a schema is an object.');
    if (depth > foreignLimits.depth) return this.#refuse(path, `it is nested more than ${foreignLimits.depth} deep.`);
    this.#seen.add(at);
    this.#checkWords(at as Record<string, unknown>, path);
    this.#checkReference(at as Record<string, unknown>, path);
    this.#enter(at as Record<string, unknown>, depth, path);
  }

  #checkWords(at: Record<string, unknown>, path: string) {
    for (const word of forbidden) if (Object.hasOwn(at, word)) this.#refuse(path, `${word} is not allowed.`);
    for (const [word, value] of Object.entries(at)) {
      if (typeof value === 'object' && value !== null && Object.hasOwn(value, '$data'))
        this.#refuse(path, `$data is not allowed (${word.slice(0, 40)}).`);
    }
    if (Array.isArray(at.enum) && at.enum.length > foreignLimits.choices)
      this.#refuse(path, `enum has more than ${foreignLimits.choices} values.`);
    if (at.uniqueItems && !(Number(at.maxItems) <= foreignLimits.uniqueItems))
      this.#refuse(path, `uniqueItems needs maxItems of at most ${foreignLimits.uniqueItems}.`);
    const patterns = [at.pattern, ...Object.keys(isMap(at.patternProperties) ? at.patternProperties : {})];
    for (const pattern of patterns)
      if (typeof pattern === 'string' && pattern.length > foreignLimits.pattern)
        this.#refuse(path, `a pattern has more than ${foreignLimits.pattern} characters.`);
  }

  /** A reference stays in the schema, and following references alone comes to an end. */
  #checkReference(at: Record<string, unknown>, path: string) {
    if (at.$ref === undefined) return;
    if (++this.#count.references > foreignLimits.references) return this.#refuse(path, 'it has too many references.');
    const passed = new Set<unknown>();
    for (let target: unknown = at; isMap(target) && target.$ref !== undefined; target = this.#targetOf(target.$ref)) {
      if (passed.has(target)) return this.#refuse(path, '$ref goes round in a circle.');
      passed.add(target);
      const next = this.#targetOf(target.$ref);
      if (next === undefined) return this.#refuse(path, astray);
      this.#targets.push({ target: next, path });
    }
  }

  #targetOf(ref: unknown): unknown {
    if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref) || ref.length > 300) return undefined;
    const names = ref
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    return names.reduce<unknown>(
      (at, name) => (isMap(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      this.#root,
    );
  }

  #enter(at: Record<string, unknown>, depth: number, path: string) {
    const add = (child: unknown, ...names: (string | number)[]) =>
      this.#rest.push({ at: child, depth: depth + 1, path: [path, ...names].filter((name) => name !== '').join('.') });
    for (const word of schemas) if (at[word] !== undefined) add(at[word], word);
    for (const word of listsOfSchemas) {
      const list = Array.isArray(at[word]) ? at[word] : [];
      this.#count.variants += list.length;
      if (list.length > foreignLimits.variants || this.#count.variants > foreignLimits.allVariants)
        return this.#refuse(path, `${word} has too many parts.`);
      for (const [index, child] of list.entries()) add(child, word, index);
    }
    for (const word of mapsOfSchemas) {
      const names = Object.keys(isMap(at[word]) ? at[word] : {});
      this.#count.properties += names.length;
      if (this.#count.properties > foreignLimits.properties)
        return this.#refuse(path, `it has more than ${foreignLimits.properties} properties.`);
      if (names.some((name) => prototypeNames.has(name))) this.#refuse(path, 'a name in it would reach a prototype.');
      for (const name of names) add((at[word] as Record<string, unknown>)[name], name);
    }
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
