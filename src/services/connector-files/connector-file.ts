import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Ctx, Hub } from '../../context.ts';
import { selectTenantsNamed } from '../../db/queries/tenants.ts';
import type { LoadedDriver, Values } from '../../drivers/driver.ts';
import { AppError, type FieldErrors } from '../../errors.ts';
import { oneLine } from '../../lib/one-line.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { deleteAt, getAt, secretFields, setAt } from '../../lib/schema/walk.ts';
import { tenantDriver } from '../authorizations/oauth-applications.ts';
import { type CheckedValues, checkInput, checkValues, chooseMethod } from '../connectors/connector-input.ts';
import type { Part } from '../secrets/secrets.ts';
import { type FileDocument, FileShape, isHandle } from './file-schema.ts';
import { type FileProblem, FileProblems, type FileText, readText } from './file-text.ts';
import { type ReferenceScope, resolveReference } from './references.ts';

/** A file of connectors whose shape is right. */
export interface ConnectorFile {
  /** As it was asked for; what problems are told by. */
  name: string;
  folder: string;
  source: string;
  document: FileDocument;
  text: FileText;
}

/** @throws FileProblems */
export function readConnectorFile(name: string): ConnectorFile {
  const problem = (message: string) => new FileProblems(name, [{ line: 1, path: [], message }]);
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    throw problem(`It cannot be read (${(error as NodeJS.ErrnoException).code}). Correct the path.`);
  }
  return parseConnectorFile(name, text);
}

function parseConnectorFile(name: string, content: string): ConnectorFile {
  const text = readText(name, content);
  const errors = compileSchema(FileShape as unknown as JsonSchema)(text.value);
  const problems = toProblems(text, errors);
  const document = text.value as FileDocument;
  for (const handle of Object.keys(problems.length ? {} : document.connectors))
    if (!isHandle(handle)) problems.push(at(text, ['connectors', handle], badHandle));
  if (problems.length) throw new FileProblems(name, problems);
  const source = oneLine(document.source ?? path.basename(name), 80);
  return { name, folder: path.dirname(path.resolve(name)), source, document, text };
}

const badHandle =
  'Write a handle of 1 to 32 characters: a to z, 0 to 9 and hyphens, with no hyphen at its ends, such as company-blog.';

const at = (text: FileText, where: string[], message: string): FileProblem => ({
  line: text.lineAt(where),
  path: where,
  message,
});

const toProblems = (text: FileText, errors: FieldErrors, below: string[] = []): FileProblem[] =>
  Object.entries(errors).flatMap(([field, messages]) =>
    messages.map((message) => at(text, [...below, ...(field ? field.split('.') : [])], message)),
  );

/** The workspace that the file is for. @throws FileProblems when there is none, or more than one */
export async function tenantOfFile(hub: Hub, { name, document, text }: ConnectorFile): Promise<string> {
  try {
    return await tenantNamed(hub, document.tenant);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new FileProblems(name, [at(text, ['tenant'], error.message)]);
  }
}

/** The same for a workspace that is named by hand. @throws AppError not_found */
export async function tenantNamed({ db }: Hub, reference: string): Promise<string> {
  const [only, ...others] = await selectTenantsNamed(db.system, reference);
  if (only && !others.length) return only.id;
  throw new AppError(
    'not_found',
    only
      ? `Several workspaces are called ${reference}. Write the short name or the id of the one that is meant.`
      : `There is no workspace ${reference}. Write its short name, its name or its id.`,
  );
}

/** What the file says of one connector, secrets in plain text. */
export interface Wanted {
  handle: string;
  entry: string;
  driver: LoadedDriver;
  name: string;
  tags: string[];
  active: boolean;
  values: CheckedValues;
  /** Paths from the root of secrets whose references lead nowhere here; only where that is allowed. */
  unknown: string[];
}

export interface ReadOptions {
  /** Leaves secrets out that are missing here, where the file was applied elsewhere. */
  allowMissing?: boolean;
}

/** Every connector of the file, checked as a form would be. @throws FileProblems with everything at once */
export async function readWanted(ctx: Ctx, file: ConnectorFile, options: ReadOptions = {}): Promise<Wanted[]> {
  const problems: FileProblem[] = [];
  const wanted: Wanted[] = [];
  for (const handle of Object.keys(file.document.connectors)) {
    const read = await readOne(ctx, file, handle, options);
    if ('problems' in read) problems.push(...read.problems);
    else wanted.push(read);
  }
  const { default_model_connector: model } = file.document;
  if (model !== undefined && !Object.hasOwn(file.document.connectors, model))
    problems.push(at(file.text, ['default_model_connector'], 'Name the handle of a connector in this file.'));
  if (problems.length) throw new FileProblems(file.name, problems);
  return wanted;
}

async function readOne(
  ctx: Ctx,
  file: ConnectorFile,
  handle: string,
  options: ReadOptions,
): Promise<Wanted | { problems: FileProblem[] }> {
  const root = ['connectors', handle];
  const described = file.document.connectors[handle] as FileDocument['connectors'][string];
  const { entry, active = true, tags = [] } = described;
  const known = ctx.hub.drivers.get(entry);
  if (!known) {
    const message = `The catalog has no such entry. It has ${[...ctx.hub.drivers.keys()].toSorted().join(', ')}.`;
    return { problems: [at(file.text, [...root, 'entry'], message)] };
  }
  const driver = await tenantDriver(ctx, known);
  const name = described.name.trim();
  const given = {
    config: structuredClone(described.config ?? {}) as Values,
    auth: chooseMethod(driver, (described.auth ?? {}) as Values),
  };
  const scope = { folder: file.folder, dataDir: ctx.hub.config.dataDir };
  const { problems, unknown } = bringSecrets(driver, given, scope, options);
  const { values, errors } = check(driver, { name, tags, ...given }, [...unknown, ...Object.keys(problems)]);
  const all = { ...errors, ...problems };
  if (Object.keys(all).length || !values) return { problems: toProblems(file.text, all, root) };
  return { handle, entry, driver, name, tags, active, values, unknown };
}

/** Puts the secrets where their references stand. */
function bringSecrets(
  { entry }: LoadedDriver,
  given: Record<Part, Values>,
  scope: ReferenceScope,
  { allowMissing }: ReadOptions,
): { problems: FieldErrors; unknown: string[] } {
  const problems: FieldErrors = {};
  const unknown: string[] = [];
  for (const part of ['config', 'auth'] as const)
    for (const field of secretFields(part === 'auth' ? entry.authSchema : entry.configSchema, given[part])) {
      const reference = getAt(given[part], field);
      if (reference === undefined) continue;
      const found = resolveReference(scope, reference, field);
      if ('value' in found) {
        setAt(given[part], field, found.value);
        continue;
      }
      deleteAt(given[part], field);
      if (allowMissing && found.missing) unknown.push(`${part}.${field}`);
      else problems[`${part}.${field}`] = [found.problem];
    }
  return { problems, unknown };
}

/** @param excused paths whose absence is told otherwise, or allowed */
function check(
  driver: LoadedDriver,
  input: Parameters<typeof checkInput>[1],
  excused: string[],
): { values?: CheckedValues; errors: FieldErrors } {
  try {
    return { values: checkInput(driver, input), errors: {} };
  } catch (error) {
    if (!(error instanceof AppError) || !error.errors) throw error;
    const errors = Object.fromEntries(Object.entries(error.errors).filter(([field]) => !excused.includes(field)));
    return Object.keys(errors).length ? { errors } : { values: checkValues(driver, input, {}), errors };
  }
}
