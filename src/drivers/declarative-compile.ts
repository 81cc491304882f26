import { addressBelow } from '../lib/address-below.ts';
import { type Address, hostSettings, parseAddress, settingsIn } from '../lib/declarative/addresses.ts';
import type { Problem } from '../lib/declarative/documents.ts';
import { type AnswerPath, parsePath, pointerOf } from '../lib/declarative/paths.ts';
import {
  isComplete,
  parseTemplate,
  parseTree,
  type Reference,
  referencesIn,
  type Sources,
  type Template,
  TemplateError,
  type TemplateTree,
  textWith,
} from '../lib/declarative/templates.ts';
import { fitsHeader } from '../lib/header-text.ts';
import type { Description, ErrorsDescription, RequestDescription, ToolDescription } from './declarative-format.ts';
import type { ServiceFault } from './execution.ts';

// What a description says, read once: templates and paths are taken apart here, and whatever does not make sense is told with its place.

export interface Request {
  method: string;
  /** The first one whose values are all there counts. */
  paths: Template[];
  query: [name: string, value: Template][];
  headers: [name: string, value: Template][];
  body: { as: 'json' | 'form'; tree: TemplateTree } | null;
  /** Its query, headers or body name the account. */
  needsAccount: boolean;
}

export interface ErrorRule {
  status: number[] | null;
  at: { path: AnswerPath; equals: unknown[] } | null;
  fault: ServiceFault;
  message: string | null;
}

export interface Errors {
  message: AnswerPath | null;
  code: AnswerPath | null;
  rules: ErrorRule[];
}

export interface Operation {
  request: Request;
  errors: Errors;
}

export interface Health extends Operation {
  status: number[] | null;
  has: AnswerPath[];
  message: Template;
}

export interface Whoami extends Operation {
  id: AnswerPath;
  label: Template;
}

export interface CompiledTool extends Operation {
  response: {
    items: AnswerPath | null;
    value: AnswerPath;
    fields: [name: string, path: AnswerPath][] | null;
    next: AnswerPath | null;
  };
}

/** The endpoints of an OAuth method. */
export interface Endpoints {
  authorization: Address;
  token: Address;
  revocation: Address | null;
  issuer: Address | null;
}

/** A description, ready to be run. */
export interface Service {
  base: Address;
  headers: [name: string, value: Template][];
  health: Health | null;
  whoami: Whoami | null;
  tools: CompiledTool[];
  summary: Template | null;
  oauth: Endpoints | null;
  clientCredentials: { token: Address } | null;
}

type At = (string | number)[];

/** What can be named where. */
interface Scope {
  input?: Record<string, unknown>;
  /** Arguments that are always there. */
  always?: string[];
  account?: boolean;
  answer?: boolean;
}

/** With everything that is wrong; what is not fit to be read is a harmless stand-in in the service then. */
export function compileService(description: Description): { service: Service; problems: Problem[] } {
  const compiler = new Compiler(description);
  const service = compiler.service();
  return { service, problems: compiler.problems };
}

/** Headers that describe the message, prove the account, or lead elsewhere are the hub's own affair. */
const ownHeaders = new Set([
  ...[
    'authorization',
    'proxy-authorization',
    'cookie',
    'cookie2',
    'host',
    'content-length',
    'content-type',
    'transfer-encoding',
  ],
  ...[
    'connection',
    'keep-alive',
    'upgrade',
    'te',
    'trailer',
    'expect',
    'accept-encoding',
    'forwarded',
    'x-forwarded-for',
  ],
]);
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const bodiless = ['GET', 'HEAD'];

class Compiler {
  readonly problems: Problem[] = [];
  readonly #d: Description;
  readonly #used = new Set<string>();

  constructor(description: Description) {
    this.#d = description;
  }

  service(): Service {
    const d = this.#d;
    const base = this.#address(d.base_url, ['base_url']);
    const endpoints = this.#endpoints();
    const headers = this.#headers(d.headers, ['headers'], {});
    const shared = d.errors;
    const whoami = d.whoami && {
      ...this.#operation(d.whoami, shared, ['whoami'], {}),
      id: this.#path(d.whoami.id, ['whoami', 'id']),
      label: this.#template(d.whoami.label, ['whoami', 'label'], { answer: true }),
    };
    const account = Boolean(whoami);
    const health = d.health && {
      ...this.#operation(d.health, shared, ['health'], { account }),
      status: d.health.healthy?.status ?? null,
      has: (d.health.healthy?.has ?? []).map((path, index) => this.#path(path, ['health', 'healthy', 'has', index])),
      message: this.#template(d.health.message ?? 'It answers.', ['health', 'message'], { account, answer: true }),
    };
    if (!health && !whoami)
      this.#problem([], 'Nothing says how to see that the service works. Describe health, whoami or both.');
    const summary = d.summary === undefined ? null : this.#template(d.summary, ['summary'], {});
    const tools = (d.tools ?? []).map((tool, index) => this.#tool(tool, ['tools', index], account));
    this.#names();
    this.#migrations();
    return { base, headers, health: health ?? null, whoami: whoami ?? null, tools, summary, ...endpoints };
  }

  #problem(at: At, message: string) {
    this.problems.push({ at: pointerOf(at), message });
  }

  get #config() {
    return this.#d.config?.properties ?? {};
  }

  #isAlways(name: string): boolean {
    return Boolean(this.#d.config?.required?.includes(name)) || this.#config[name]?.default !== undefined;
  }

  #address(text: string, at: At): Address {
    try {
      const address = parseAddress(text);
      for (const { source } of referencesIn(address.path).filter((each) => each.source !== 'config'))
        this.#problem(at, `{${source}.…} cannot stand in an address; only {config.…} can.`);
      for (const name of settingsIn(address)) {
        this.#used.add(name);
        const field = this.#config[name];
        if (!field) this.#problem(at, `There is no setting “${name}”. Describe it under /config/properties.`);
        else if (field.type !== 'string')
          this.#problem(['config', 'properties', name, 'type'], 'An address is made of it, so it has to be string.');
        else if (!this.#isAlways(name))
          this.#problem(
            ['config', 'properties', name],
            'An address is made of it: list it under required, or give it a default.',
          );
      }
      return address;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#problem(at, `This ${error.message}`);
      return parseAddress('https://example.invalid');
    }
  }

  #endpoints(): Pick<Service, 'oauth' | 'clientCredentials'> {
    let oauth: Endpoints | null = null;
    let clientCredentials: { token: Address } | null = null;
    for (const [index, auth] of this.#d.auth.entries()) {
      const at = (name: string): At => ['auth', index, name];
      if (auth.method === 'oauth2') {
        const optional = (text: string | undefined, name: string) =>
          text === undefined ? null : this.#address(text, at(name));
        oauth = {
          authorization: this.#address(auth.authorization_url, at('authorization_url')),
          token: this.#address(auth.token_url, at('token_url')),
          revocation: optional(auth.revocation_url, 'revocation_url'),
          issuer: optional(auth.issuer, 'issuer'),
        };
      }
      if (auth.method === 'client_credentials') {
        const token = this.#address(auth.token_url, at('token_url'));
        if (settingsIn(token).length)
          this.#problem(at('token_url'), 'It has to be a fixed address here, without placeholders.');
        clientCredentials = { token };
      }
    }
    return { oauth, clientCredentials };
  }

  #template(text: string, at: At, scope: Scope): Template {
    try {
      const template = parseTemplate(text);
      for (const reference of referencesIn(template)) this.#known(reference, at, scope);
      return template;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#problem(at, `This ${error.message}`);
      return { parts: [] };
    }
  }

  #known({ source, path: [name = ''] }: Reference, at: At, scope: Scope) {
    const names = (known: string[]) => (known.length ? ` There are: ${known.slice(0, 20).join(', ')}.` : '');
    const unknown = (what: string) => this.#problem(at, `{${source}.${name}} is unknown.${what}`);
    switch (source) {
      case 'config':
        this.#used.add(name);
        if (!Object.hasOwn(this.#config, name))
          unknown(` Describe it under /config/properties.${names(Object.keys(this.#config))}`);
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

  #path(text: string, at: At): AnswerPath {
    const path = parsePath(text);
    if (!path) this.#problem(at, `“${text.slice(0, 60)}” leads nowhere; write a path such as data.id, or /data/id.`);
    return path ?? [];
  }

  #headers(given: Record<string, string> | undefined, at: At, scope: Scope): [string, Template][] {
    return Object.entries(given ?? {}).map(([name, text]) => {
      const place = [...at, name];
      if (!headerName.test(name)) this.#problem(place, 'HTTP allows no header of this name.');
      else if (ownHeaders.has(name.toLowerCase()))
        this.#problem(place, 'The hub sets this header itself. Leave it out; credentials go under auth.');
      else if (this.#isCredential('header', name))
        this.#problem(place, 'This header carries the credential. Leave it out.');
      const template = this.#template(text, place, scope);
      if (!fitsHeader(textWith(template, {}, () => '')))
        this.#problem(place, 'It has a character that no HTTP header can carry.');
      return [name, template];
    });
  }

  /** Whether the credential of one of the methods stands there. */
  #isCredential(where: 'header' | 'query', name: string): boolean {
    const same = (own: string) => (where === 'header' ? own.toLowerCase() === name.toLowerCase() : own === name);
    return this.#d.auth.some(
      (auth) => auth.method === 'api_key' && (auth.in ?? 'header') === where && same(auth.name ?? 'Authorization'),
    );
  }

  #operation(
    { request, errors }: { request: RequestDescription; errors?: ErrorsDescription },
    shared: ErrorsDescription | undefined,
    at: At,
    scope: Scope,
  ): Operation {
    return { request: this.#request(request, [...at, 'request'], scope), errors: this.#errors(errors, shared, at) };
  }

  #request(given: RequestDescription, at: At, scope: Scope): Request {
    const { method = 'GET', json, form } = given;
    const before = this.problems.length;
    const paths = this.#requestPaths(given.path, [...at, 'path'], scope);
    const query = Object.entries(given.query ?? {}).map(([name, value]): [string, Template] => {
      const place = [...at, 'query', name];
      if (this.#isCredential('query', name))
        this.#problem(place, 'This parameter carries the credential. Leave it out.');
      return [name, this.#template(String(value), place, scope)];
    });
    const headers = this.#headers(given.headers, [...at, 'headers'], scope);
    if (json !== undefined && form !== undefined)
      this.#problem([...at, 'form'], 'There is a body as json already. Keep one of the two.');
    const as = json !== undefined ? 'json' : 'form';
    const source = json !== undefined ? json : form;
    if (source !== undefined && bodiless.includes(method))
      this.#problem([...at, as], `A ${method} request has no body. Use query, or another method.`);
    const used: Reference[] = [];
    const tree =
      source === undefined
        ? null
        : parseTree(source, (text, inner) => {
            const template = this.#template(text, [...at, as, ...inner], scope);
            used.push(...referencesIn(template));
            return template;
          });
    const beside = [...query, ...headers].flatMap(([, each]) => referencesIn(each)).concat(used);
    if (this.problems.length === before) this.#unused(scope, [...paths.flatMap(referencesIn), ...beside], at);
    const needsAccount = beside.some((each) => each.source === 'account');
    return { method, paths, query, headers, body: tree && { as, tree }, needsAccount };
  }

  #requestPaths(given: string | string[], at: At, scope: Scope): Template[] {
    const texts = [given].flat();
    return texts.map((text, index) => {
      const place = Array.isArray(given) ? [...at, index] : at;
      const template = this.#requestPath(text, place, scope);
      const last = index === texts.length - 1;
      for (const part of template.parts)
        if (last && typeof part !== 'string' && !part.some((each) => this.#isGiven(each, scope)))
          this.#mayBeMissing(part, place);
      return template;
    });
  }

  #requestPath(text: string, at: At, scope: Scope): Template {
    const template = this.#template(text, at, scope);
    const sample = textWith(template, {}, () => 'x');
    if (/[?#]/.test(sample)) this.#problem(at, 'A path has no ? and no #. Put parameters under query.');
    else if (/\s/.test(sample)) this.#problem(at, 'A path has no blanks; write %20.');
    else if (sample && !sample.startsWith('/'))
      this.#problem(at, 'A path begins with a slash, and goes below base_url.');
    else if (!addressBelow('https://example.com/base', sample))
      this.#problem(at, 'This path would lead out of base_url.');
    return template;
  }

  #mayBeMissing([reference]: readonly Reference[], at: At) {
    const { source = '', path = [] } = reference ?? {};
    this.#problem(
      at,
      `{${[source, ...path].join('.')}} stands in the path and may be missing: list it under required, or give it a default.`,
    );
  }

  #isGiven({ source, path: [name = ''] }: Reference, { input, always = [] }: Scope): boolean {
    if (source === 'config') return !Object.hasOwn(this.#config, name) || this.#isAlways(name);
    return source !== 'input' || !input || !Object.hasOwn(input, name) || always.includes(name);
  }

  #unused({ input }: Scope, references: Reference[], at: At) {
    const used = new Set(references.filter(({ source }) => source === 'input').map(({ path }) => path[0]));
    for (const name of Object.keys(input ?? {}))
      if (!used.has(name))
        this.#problem(
          [...at.slice(0, -1), 'input', 'properties', name],
          `Nothing sends this argument. Use {input.${name}} in the request, or leave it out.`,
        );
  }

  #errors(own: ErrorsDescription | undefined, shared: ErrorsDescription | undefined, at: At): Errors {
    const mine = this.#errorsAt(own, [...at, 'errors']);
    const common = this.#errorsAt(shared, ['errors']);
    return {
      message: mine.message ?? common.message,
      code: mine.code ?? common.code,
      rules: [...mine.rules, ...common.rules],
    };
  }

  readonly #told = new Set<string>();

  #errorsAt(errors: ErrorsDescription | undefined, at: At): Errors {
    const before = this.problems.length;
    const path = (text: string | undefined, name: string) =>
      text === undefined ? null : this.#path(text, [...at, name]);
    const read: Errors = {
      message: path(errors?.message, 'message'),
      code: path(errors?.code, 'code'),
      rules: (errors?.rules ?? []).map((rule, index) => {
        const place = [...at, 'rules', index];
        if (rule.status === undefined && rule.path === undefined)
          this.#problem(place, 'It fits every answer. Say which by status, by path and equals, or both.');
        if ((rule.path === undefined) !== (rule.equals === undefined))
          this.#problem(place, 'path and equals go together; one of them is missing.');
        return {
          status: rule.status === undefined ? null : [rule.status].flat(),
          at:
            rule.path === undefined
              ? null
              : { path: this.#path(rule.path, [...place, 'path']), equals: [rule.equals].flat() },
          fault: rule.fault,
          message: rule.message ?? null,
        };
      }),
    };
    // What all share is read for each, and told once.
    const key = pointerOf(at);
    if (this.#told.has(key)) this.problems.length = before;
    this.#told.add(key);
    return read;
  }

  #tool(tool: ToolDescription, at: At, account: boolean): CompiledTool {
    const input = tool.input?.properties ?? {};
    const always = Object.keys(input).filter(
      (name) => tool.input?.required?.includes(name) || (input[name] as { default?: unknown }).default !== undefined,
    );
    this.#unknownRequired(tool.input, [...at, 'input']);
    const { items, value, fields, next } = tool.response ?? {};
    const place = (name: string): At => [...at, 'response', name];
    if (items !== undefined && value !== undefined)
      this.#problem(place('value'), 'There are items already. Keep one of the two.');
    if (next !== undefined && items === undefined)
      this.#problem(place('next'), 'Only a list has a next page. Say where the items are.');
    return {
      ...this.#operation(tool, this.#d.errors, at, { input, always, account }),
      response: {
        items: items === undefined ? null : this.#path(items, place('items')),
        value: this.#path(value ?? '', place('value')),
        fields: fields
          ? Object.entries(fields).map(([name, path]) => [name, this.#path(path, [...place('fields'), name])])
          : null,
        next: next === undefined ? null : this.#path(next, place('next')),
      },
    };
  }

  #unknownRequired(group: { properties: Record<string, unknown>; required?: string[] } | undefined, at: At) {
    for (const [index, name] of (group?.required ?? []).entries())
      if (!Object.hasOwn(group?.properties ?? {}, name))
        this.#problem(
          [...at, 'required', index],
          `There is no field “${name}”. Describe it under properties, or leave it out.`,
        );
  }

  /** What must not be there twice, and settings that nothing uses. */
  #names() {
    const { auth, tools = [], config } = this.#d;
    const twice = (names: string[], at: (index: number) => At, what: string) => {
      for (const [index, name] of names.entries())
        if (names.indexOf(name) < index)
          this.#problem(at(index), `There is another ${what} “${name}”. Name each once.`);
    };
    twice(
      auth.map(({ method }) => method),
      (index) => ['auth', index, 'method'],
      'method',
    );
    twice(
      tools.map(({ name }) => name),
      (index) => ['tools', index, 'name'],
      'tool',
    );
    this.#unknownRequired(config, ['config']);
    for (const name of Object.keys(this.#config))
      if (!this.#used.has(name))
        this.#problem(
          ['config', 'properties', name],
          `Nothing uses this setting. Use {config.${name}} somewhere, or leave it out.`,
        );
  }

  #migrations() {
    const { schema_version: version = 1, migrations = [] } = this.#d;
    for (const [index, { from, rename = {} }] of migrations.entries()) {
      const at: At = ['migrations', index];
      if (from >= version)
        this.#problem(
          [...at, 'from'],
          `schema_version is ${version}: a migration starts from a lower one. Raise schema_version.`,
        );
      if (migrations.findIndex((each) => each.from === from) < index)
        this.#problem([...at, 'from'], `There is another migration from ${from}. Keep one.`);
      for (const old of Object.keys(rename))
        if (!/^(config|auth)\.[a-z][a-z0-9_]*$/.test(old))
          this.#problem([...at, 'rename', old], 'It names no field; write one such as config.site.');
    }
  }
}

/** The path that will be taken: the account counts as there, because it is asked for where it is named. */
export const pathFor = ({ paths }: Request, sources: Sources): Template =>
  paths.find((path) => isComplete(path, { account: { id: '?', label: '?' }, call: { id: '?' }, ...sources })) ??
  (paths.at(-1) as Template);

export const namesAccount = (request: Request, sources: Sources): boolean =>
  request.needsAccount || referencesIn(pathFor(request, sources)).some(({ source }) => source === 'account');

/** The settings that decide where the API and the endpoints are. */
export const hostFields = ({ base, oauth }: Pick<Service, 'base' | 'oauth'>): Set<string> =>
  new Set([base, ...Object.values(oauth ?? {})].flatMap((each: Address | null) => (each ? hostSettings(each) : [])));
