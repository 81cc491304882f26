import type { Config } from '../../config.ts';
import type { LoadedDriver, Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { deleteAt, fieldAt, getAt, secretFields, setAt } from '../../lib/schema/walk.ts';
import type { Part } from '../secrets/secrets.ts';
import { type CheckedValues, checkInput } from './connector-input.ts';

/** What `managed_by` says of connectors that the operator's variables describe. */
export const byEnvironment = 'environment';

const read = new WeakMap<Config, Map<string, CheckedValues | null>>();

/**
 * What the operator's variables say about a connector of this entry, secrets in plain text; null when they describe none. They are
 * read at start and never stored.
 * @throws AppError invalid_input with the variables as fields
 */
export function environmentValues(config: Config, driver: LoadedDriver): CheckedValues | null {
  const known = read.get(config) ?? new Map<string, CheckedValues | null>();
  read.set(config, known);
  const { key } = driver.entry;
  if (!known.has(key)) known.set(key, valuesOf(config, driver));
  return known.get(key) ?? null;
}

function valuesOf({ environmentConnectors: { values } }: Config, driver: LoadedDriver): CheckedValues | null {
  const { environment } = driver;
  if (!environment?.by.some((name) => values[name] !== undefined)) return null;
  const given: Record<Part, Values> = { config: {}, auth: {} };
  for (const [name, path] of fieldsInOrder(environment.fields)) {
    const text = values[name];
    if (text === undefined) continue;
    setAt(given, path, typed(driver, given, path, environment.words?.[name]?.[text.toLowerCase()] ?? text));
  }
  onlyOfMethod(driver, given.auth);
  try {
    return checkInput(driver, { name: driver.entry.name, tags: [], ...given });
  } catch (error) {
    throw error instanceof AppError && error.errors ? namingVariables(error, environment.fields) : error;
  }
}

/** The method first: the other fields depend on it. */
const fieldsInOrder = (fields: Record<string, string>) =>
  Object.entries(fields).toSorted(([, a], [, b]) => Number(b === 'auth.method') - Number(a === 'auth.method'));

/** A number where the form has one; what is none is told by the check. */
function typed({ entry }: LoadedDriver, given: Record<Part, Values>, path: string, text: string): unknown {
  const [part, ...rest] = path.split('.');
  if (part !== 'config') return text;
  const type = fieldAt(entry.configSchema, given.config, rest.join('.'))?.type;
  const isNumber = ['integer', 'number'].includes(String(type)) && text.trim() !== '' && Number.isFinite(Number(text));
  return isNumber ? Number(text) : text;
}

/** Variables of the other methods may be set as well. */
function onlyOfMethod({ entry }: LoadedDriver, auth: Values): void {
  const variant = entry.authSchema.oneOf?.find(({ properties }) => properties?.method?.const === auth.method);
  if (variant) for (const key of Object.keys(auth)) if (!Object.hasOwn(variant.properties ?? {}, key)) delete auth[key];
}

function namingVariables({ errors = {} }: AppError, fields: Record<string, string>): AppError {
  const names = Object.fromEntries(Object.entries(fields).map(([name, path]) => [path, name]));
  const named = Object.entries(errors).map(([path, messages]) => [names[path] ?? path, messages]);
  return invalid(Object.fromEntries(named), 'Variables that describe a connector need your attention.');
}

/** The same without secrets: what may be stored and shown. */
export function withoutValues(driver: LoadedDriver, values: CheckedValues): Record<Part, Values> {
  const { config, auth } = structuredClone(values);
  for (const path of secretFields(driver.entry.configSchema, config)) deleteAt(config, path);
  for (const path of secretFields(driver.entry.authSchema, auth)) deleteAt(auth, path);
  return { config, auth };
}

/** The dotted paths of the secrets that are set. */
export function secretsSet(driver: LoadedDriver, { auth }: CheckedValues): string[] {
  return secretFields(driver.entry.authSchema, auth).filter((path) => typeof getAt(auth, path) === 'string');
}
