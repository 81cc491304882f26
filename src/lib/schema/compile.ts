import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FieldErrors } from '../../errors.ts';
import type { JsonSchema } from './json-schema.ts';
import { isTooMuch, type Limit, ordinary, unstorableTexts } from './limits.ts';
import { brief, messageOf, rankOf, requiredMessage } from './messages.ts';
import { baseType, isObject, shapeOf } from './shape.ts';
import { xKeywords } from './vocabulary.ts';

/** Returns a message for every field that is wrong, and `{}` when the value is valid. It changes nothing. */
export type Validator = (value: unknown) => FieldErrors;

/**
 * Compiles a schema of ours once; later calls with the same object are free. Foreign schemas must not come here unlinted:
 * a hostile one can keep the process busy for seconds.
 * Of more than anybody enters, such as rows, the first problem is told and not thousands.
 * @param options.prefix in front of every path, e.g. `config` gives `config.site_url`
 * @throws Error when the schema itself is wrong or uses an unknown keyword
 */
export function compileSchema(schema: JsonSchema, options: { prefix?: string; limit?: Limit } = {}): Validator {
  const { limit = ordinary } = options;
  const tellAll = checkerOf(schema, thorough);
  const prefix = options.prefix ? [options.prefix] : [];
  return (value) => {
    if (value === undefined) return { [prefix.join('.')]: [requiredMessage] };
    if (isTooMuch(value, limit)) return { [prefix.join('.')]: [limit.told] };
    const check = limit !== ordinary && isTooMuch(value) ? checkerOf(schema, hasty) : tellAll;
    const wrong = tellErrors(check, value, withoutNoise);
    return toFieldErrors([...wrong, ...blankTexts(schema, value), ...oddTexts(value)], prefix);
  };
}

/** Ajv's errors (made with `verbose` and `allErrors`) as messages by dotted path, without what only repeats others. */
export const fieldErrorsOf = (errors: ErrorObject[]): FieldErrors => toFieldErrors(withoutNoise(errors), []);

/**
 * Runs a checker of Ajv's and tells what it found. By itself it would keep the errors, and with them the values, some of which are secrets,
 * until somebody sends something wrong the next time.
 */
export function tellErrors<Told>(check: ValidateFunction, value: unknown, tell: (errors: ErrorObject[]) => Told): Told {
  check(value);
  const errors = check.errors ?? [];
  const told = tell(errors);
  check.errors = null;
  for (const error of errors) error.data = undefined; // checkers within this one have them as well
  return told;
}

/**
 * What is wrong with a document that somebody wrote in a file, with each place as names: these may have dots in them. What is misspelt is
 * told with the names that there are.
 */
export function problemsIn(schema: JsonSchema, value: unknown): { path: string[]; message: string }[] {
  const check = checkerOf(schema, thorough);
  const told = tellingFirst(tellErrors(check, value, (errors) => withoutNoise(errors, messageWithNames)));
  return [...told.values()].map(({ path, message }) => ({ path, message }));
}

function messageWithNames(error: ErrorObject): string {
  const { keyword, params } = error;
  const { properties, description } = error.parentSchema as JsonSchema;
  if (keyword === 'anyOf' && description) return `This fits none of the allowed forms. ${description}`;
  if (keyword !== 'additionalProperties') return messageOf(error);
  const known = Object.keys(properties ?? {});
  if (!known.length) return 'This cannot be a name here.';
  const meant = known.find((name) => isNear(name, String(params.additionalProperty)));
  return `${messageOf(error)} ${meant ? `Did you mean “${meant}”?` : `There are: ${known.join(', ')}.`}`;
}

/** One letter too many, too few, wrong, or two that changed places. */
function isNear(name: string, typed: string): boolean {
  const most = Math.max(name.length, typed.length);
  let start = 0;
  while (start < most && name[start] === typed[start]) start++;
  let end = 0;
  while (end < most - start && name.at(-1 - end) === typed.at(-1 - end)) end++;
  const [left, right] = [name, typed].map((text) => text.slice(start, Math.max(start, text.length - end)));
  return (
    Math.max(left?.length ?? 0, right?.length ?? 0) <= 1 || (left?.length === 2 && right === `${left[1]}${left[0]}`)
  );
}

const settings = {
  strict: true,
  // `required: ["method"]` beside a oneOf whose variants declare it is right; the lint finds real misspellings.
  strictRequired: false,
  allowUnionTypes: true,
  verbose: true,
  discriminator: true,
  ownProperties: true,
  logger: false,
} as const;

const makeCompiler = (allErrors: boolean) => {
  const ajv = new Ajv2020({ ...settings, allErrors });
  formats.default(ajv);
  ajv.addVocabulary(xKeywords);
  return { ajv, checkers: new WeakMap<JsonSchema, ValidateFunction>() };
};
const thorough = makeCompiler(true);
const hasty = makeCompiler(false);

function checkerOf(schema: JsonSchema, { ajv, checkers }: typeof thorough): ValidateFunction {
  const known = checkers.get(schema);
  if (known) return known;
  const checker = ajv.compile(schema);
  // Ajv's own cache holds on to every schema for ever; ours lets go of those that nobody holds any more.
  ajv.removeSchema(schema);
  checkers.set(schema, checker);
  return checker;
}

interface Problem {
  path: string[];
  keyword: string;
  message: string;
}

/** Drops what a wrong or missing variant causes elsewhere: the one message about the choice says it all. */
function withoutNoise(errors: ErrorObject[], tell: (error: ErrorObject) => string = messageOf): Problem[] {
  const unions = errors.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf');
  const undecided = new Set(
    errors.filter(({ keyword }) => keyword === 'discriminator').map(({ instancePath }) => instancePath),
  );
  return errors
    .filter((error) => !unions.some((union) => error.schemaPath.startsWith(`${union.schemaPath}/`)))
    .filter((error) => !(error.keyword === 'unevaluatedProperties' && undecided.has(error.instancePath)))
    .filter((error) => error.keyword !== 'if' && error.propertyName === undefined)
    .map((error) => ({ path: pathOf(error), keyword: error.keyword, message: tell(error) }));
}

/** Where the message belongs: a missing, unknown or wrongly chosen field is named itself, not its parent. */
function pathOf({ instancePath, params }: ErrorObject): string[] {
  const parent = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const child = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty ?? params.tag;
  return (child === undefined ? parent : [...parent, child]).map(brief);
}

/** A required text of blanks only is a missing one. */
function blankTexts(schema: JsonSchema, value: unknown, parent: string[] = []): Problem[] {
  if (!isObject(value)) return [];
  const { properties, required } = shapeOf(schema, value);
  return properties.flatMap(([key, field]) => {
    const child = Object.hasOwn(value, key) ? value[key] : undefined;
    const path = [...parent, key];
    if (typeof child === 'string' && required.has(key) && !child.trim())
      return [{ path, keyword: 'required', message: requiredMessage }];
    return baseType(field) === 'object' ? blankTexts(field, child, path) : [];
  });
}

const oddTexts = (value: unknown): Problem[] =>
  unstorableTexts(value).map((path) => ({
    path: path.map(brief),
    keyword: 'type',
    message: 'Use characters that can be typed; one of these cannot be saved.',
  }));

/** One message a field: the most telling one. */
function toFieldErrors(problems: Problem[], prefix: string[]): FieldErrors {
  const placed = problems.map((problem) => ({ ...problem, path: [...prefix, ...problem.path] }));
  return Object.fromEntries([...tellingFirst(placed)].map(([path, { message }]) => [path, [message]]));
}

function tellingFirst(problems: Problem[]): Map<string, Problem> {
  const first = new Map<string, Problem>();
  for (const problem of problems) {
    const path = problem.path.join('.');
    const known = first.get(path);
    if (!known || rankOf(problem.keyword) < rankOf(known.keyword)) first.set(path, problem);
  }
  return first;
}
