import { type Address, hostSettings } from '../lib/declarative/addresses.ts';
import type { AnswerPath } from '../lib/declarative/paths.ts';
import {
  isComplete,
  referencesIn,
  type Sources,
  type Template,
  type TemplateTree,
} from '../lib/declarative/templates.ts';
import type { ServiceFault } from './execution.ts';

// What a description comes to: its templates and paths taken apart, ready to be run.

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

/** The path that will be taken: the account counts as there, because it is asked for where it is named. */
export const pathFor = ({ paths }: Request, sources: Sources): Template =>
  paths.find((path) => isComplete(path, { account: { id: '?', label: '?' }, call: { id: '?' }, ...sources })) ??
  (paths.at(-1) as Template);

export const namesAccount = (request: Request, sources: Sources): boolean =>
  request.needsAccount || referencesIn(pathFor(request, sources)).some(({ source }) => source === 'account');

/** The settings that decide where the API and the endpoints are. */
export const hostFields = ({ base, oauth }: Pick<Service, 'base' | 'oauth'>): Set<string> =>
  new Set([base, ...Object.values(oauth ?? {})].flatMap((each: Address | null) => (each ? hostSettings(each) : [])));
