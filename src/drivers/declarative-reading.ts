import { type Address, parseAddress, settingsIn } from '../lib/declarative/addresses.ts';
import type { Problem } from '../lib/declarative/documents.ts';
import { type AnswerPath, parsePath, pointerOf } from '../lib/declarative/paths.ts';
import {
  parseTemplate,
  type Reference,
  referencesIn,
  type Template,
  TemplateError,
} from '../lib/declarative/templates.ts';
import type { Description } from './declarative-format.ts';

export type At = (string | number)[];

/** What can be named where. */
export interface Scope {
  input?: Record<string, unknown>;
  /** Arguments that are always there. */
  always?: string[];
  account?: boolean;
  answer?: boolean;
}

/** One description while it is read: its addresses, templates and paths, and what was found wrong so far, each with its place. */
export class Reading {
  readonly problems: Problem[] = [];
  readonly description: Description;
  readonly #used = new Set<string>();
  readonly #told = new Set<string>();

  constructor(description: Description) {
    this.description = description;
  }

  problem(at: At, message: string) {
    this.problems.push({ at: pointerOf(at), message });
  }

  /** What all share is read for each, and told once. */
  once<T>(at: At, read: () => T): T {
    const before = this.problems.length;
    const result = read();
    const key = pointerOf(at);
    if (this.#told.has(key)) this.problems.length = before;
    this.#told.add(key);
    return result;
  }

  get config() {
    return this.description.config?.properties ?? {};
  }

  /** Whether an address or a template that was read so far names the setting. */
  uses(setting: string): boolean {
    return this.#used.has(setting);
  }

  isAlways(name: string): boolean {
    return Boolean(this.description.config?.required?.includes(name)) || this.config[name]?.default !== undefined;
  }

  isGiven({ source, path: [name = ''] }: Reference, { input, always = [] }: Scope): boolean {
    if (source === 'config') return !Object.hasOwn(this.config, name) || this.isAlways(name);
    return source !== 'input' || !input || !Object.hasOwn(input, name) || always.includes(name);
  }

  address(text: string, at: At): Address {
    try {
      const address = parseAddress(text);
      for (const { source } of referencesIn(address.path).filter((each) => each.source !== 'config'))
        this.problem(at, `{${source}.…} cannot stand in an address; only {config.…} can.`);
      for (const name of settingsIn(address)) {
        this.#used.add(name);
        const field = this.config[name];
        if (!field) this.problem(at, `There is no setting “${name}”. Describe it under /config/properties.`);
        else if (field.type !== 'string')
          this.problem(['config', 'properties', name, 'type'], 'An address is made of it, so it has to be string.');
        else if (!this.isAlways(name))
          this.problem(
            ['config', 'properties', name],
            'An address is made of it: list it under required, or give it a default.',
          );
      }
      return address;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problem(at, `This ${error.message}`);
      return parseAddress('https://example.invalid');
    }
  }

  template(text: string, at: At, scope: Scope): Template {
    try {
      const template = parseTemplate(text);
      for (const reference of referencesIn(template)) this.#known(reference, at, scope);
      return template;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problem(at, `This ${error.message}`);
      return { parts: [] };
    }
  }

  #known({ source, path: [name = ''] }: Reference, at: At, scope: Scope) {
    const names = (known: string[]) => (known.length ? ` There are: ${known.slice(0, 20).join(', ')}.` : '');
    const unknown = (what: string) => this.problem(at, `{${source}.${name}} is unknown.${what}`);
    switch (source) {
      case 'config':
        this.#used.add(name);
        if (!Object.hasOwn(this.config, name))
          unknown(` Describe it under /config/properties.${names(Object.keys(this.config))}`);
        return;
      case 'input':
        if (!scope.input) unknown(' Only tools have arguments.');
        else if (!Object.hasOwn(scope.input, name))
          unknown(` Describe it under the tool’s input/properties.${names(Object.keys(scope.input))}`);
        return;
      case 'account':
        if (!scope.account) unknown(' It needs whoami, and cannot stand in whoami itself.');
        else if (!['id', 'label'].includes(name)) unknown(names(['id', 'label']));
        return;
      case 'call':
        if (name !== 'id') unknown(names(['id']));
        return;
      case 'answer':
        if (!scope.answer) unknown(' What was answered is known in messages and labels only.');
        return;
      case 'auth':
        return unknown(' Credentials are put into requests by the auth method alone.');
      default:
        unknown(` A value comes from ${['config', 'input', 'account', 'call', 'answer'].join(', ')}.`);
    }
  }

  path(text: string, at: At): AnswerPath {
    const path = parsePath(text);
    if (!path) this.problem(at, `“${text.slice(0, 60)}” leads nowhere; write a path such as data.id, or /data/id.`);
    return path ?? [];
  }
}
