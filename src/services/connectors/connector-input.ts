import { type Driver, trusting, type Values } from '../../drivers/driver.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { isTooMuch, tooMuch } from '../../lib/schema/limits.ts';
import { deleteAt, getAt, readonlyFields, secretFields, setAt } from '../../lib/schema/walk.ts';
import { isStoredSecret, type Part, storedSecretPaths, withoutSecrets } from '../secrets/secrets.ts';

/** What people type and programs send; secrets in plain text. */
export interface ConnectorInput {
  name: string;
  config: Values;
  auth: Values;
  tags: string[];
}

/** The stored halves that an edit starts from. */
export interface StoredValues {
  config: Values;
  auth: Values;
}

/** Input that may be stored: typed secrets still in plain text, kept ones as the envelopes they were. */
export interface CheckedValues {
  config: Values;
  auth: Values;
  /** The origins that the secrets may be sent to, and what is trusted to be them. */
  destinations: string[];
}

const parts: Part[] = ['auth', 'config'];
const schemaOf = (driver: Driver, part: Part) =>
  part === 'auth' ? driver.entry.authSchema : driver.entry.configSchema;

/**
 * The one validation of name, tags, config and auth, the same for install, update, validate-config and every form.
 * A secret that is absent and stored is kept; null clears it; a string replaces it.
 * @throws AppError invalid_input with every problem at once, or secret_required when kept secrets would go to a new address
 */
export function checkInput(driver: Driver, input: ConnectorInput, stored?: StoredValues): CheckedValues {
  const errors: FieldErrors = { ...checkName(input.name), ...checkTags(input.tags) };
  const checked = checkValues(driver, input, errors, stored);
  if (Object.keys(errors).length) throw invalid(errors);
  return checked;
}

/** The same for config and auth alone; problems are added to `errors`. */
export function checkValues(
  driver: Driver,
  input: Pick<ConnectorInput, Part>,
  errors: FieldErrors,
  stored?: StoredValues,
): CheckedValues {
  for (const part of parts) if (isTooMuch(input[part])) throw invalid({ ...errors, [part]: [tooMuch] });
  const values = { config: structuredClone(input.config), auth: chooseMethod(driver, input.auth, stored?.auth) };
  const kept: string[] = [];
  for (const part of parts) {
    const schema = schemaOf(driver, part);
    for (const path of readonlyFields(schema, values[part])) deleteAt(values[part], path);
    Object.assign(errors, refuseEnvelopes(part, values[part]));
    Object.assign(errors, checkSecretTexts(schema, part, values[part]));
    const paths = keepSecrets(schema, part, values[part], stored?.[part], sameMethod(values.auth, stored?.auth));
    kept.push(...paths.map((path) => `${part}.${path}`));
    validatePart(schema, part, values[part], paths, errors);
  }
  const destinations = destinationsOf(driver, values);
  if (stored && kept.length && !Object.keys(errors).length) refuseMove(driver, stored, destinations, kept);
  return { ...values, destinations };
}

/** What breaks a line, turns it around or is no character at all. */
const hidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

function checkName(name: string): FieldErrors {
  if (!name.trim()) return { name: ['Give the connector a name.'] };
  const length = [...name].length;
  if (length > 255) return { name: [`Use at most 255 characters; this has ${length}.`] };
  return hidden.test(name) ? { name: ['Use no line breaks or control characters.'] } : {};
}

function checkTags(tags: string[]): FieldErrors {
  const problems: string[] = [];
  if (tags.length > 20) problems.push(`Use at most 20 tags; these are ${tags.length}.`);
  if (tags.some((tag) => !tag.trim() || [...tag].length > 50 || hidden.test(tag)))
    problems.push('Each tag needs 1 to 50 characters on one line.');
  if (new Set(tags.map((tag) => tag.toLowerCase())).size < tags.length) problems.push('Name each tag once.');
  return problems.length ? { tags: problems } : {};
}

/** Programs may leave `method` out where what they send, or what is stored, leaves one choice only. */
export function chooseMethod(driver: Driver, auth: Values, stored?: Values): Values {
  if ('method' in auth) return structuredClone(auth);
  const given = Object.keys(auth);
  const fitting = (driver.entry.authSchema.oneOf ?? []).filter((variant) =>
    given.every((key) => Object.hasOwn(variant.properties ?? {}, key)),
  );
  const methods = fitting.map((variant) => variant.properties?.method?.const);
  const method = methods.includes(stored?.method as string)
    ? stored?.method
    : methods.length === 1
      ? methods[0]
      : undefined;
  return method === undefined ? structuredClone(auth) : { method, ...structuredClone(auth) };
}

const sameMethod = (auth: Values, stored?: Values) => stored !== undefined && auth.method === stored.method;

function checkSecretTexts(schema: JsonSchema, part: Part, value: Values): FieldErrors {
  const errors: FieldErrors = {};
  for (const path of secretFields(schema, value)) {
    const secret = getAt(value, path);
    if (secret === '' || isMask(secret)) {
      errors[`${part}.${path}`] = [
        'Send the new secret, null to clear it, or leave the field out to keep what is saved.',
      ];
      deleteAt(value, path);
    }
  }
  return errors;
}

/** Only the hub seals: what is sent as an envelope would pass for a saved secret, and no schema would look at it. */
function refuseEnvelopes(part: Part, value: Values): FieldErrors {
  const paths = storedSecretPaths(value);
  for (const path of paths) deleteAt(value, path);
  return Object.fromEntries(
    paths.map((path) => [`${part}.${path}`, ['Send the value itself; only the hub seals it.']]),
  );
}

/** An answer of ours sent back, or a row of dots: never a secret. */
const isMask = (secret: unknown) =>
  typeof secret === 'string'
    ? /^[•*]+$/u.test(secret)
    : typeof secret === 'object' && secret !== null && 'is_set' in secret;

/** Puts stored envelopes back where nothing new was given; returns their paths. */
function keepSecrets(
  schema: JsonSchema,
  part: Part,
  value: Values,
  stored: Values | undefined,
  sameAuth: boolean,
): string[] {
  const kept: string[] = [];
  for (const path of secretFields(schema, value)) {
    const secret = getAt(value, path);
    if (secret === null) deleteAt(value, path);
    if (secret !== undefined || !stored || (part === 'auth' && !sameAuth)) continue;
    const envelope = getAt(stored, path);
    if (!isStoredSecret(envelope)) continue;
    setAt(value, path, envelope);
    kept.push(path);
  }
  return kept;
}

function validatePart(schema: JsonSchema, part: Part, value: Values, kept: string[], errors: FieldErrors) {
  const candidate = structuredClone(value);
  for (const path of storedSecretPaths(candidate)) setAt(candidate, path, 'kept'); // it is there for fields that go together
  const found = compileSchema(schema, { prefix: part })(candidate);
  for (const path of kept) delete found[`${part}.${path}`];
  for (const [path, messages] of Object.entries(found)) errors[path] ??= messages;
}

/** Where the connector's secrets may go as it is configured now, and what is trusted to be there. */
export function destinationsOf(driver: Driver, values: StoredValues): string[] {
  const config = withoutSecrets(values.config);
  return trusting(driver.destinations(config, withoutSecrets(values.auth)), config);
}

function refuseMove(driver: Driver, stored: StoredValues, destinations: string[], kept: string[]) {
  const before = new Set(destinationsOf(driver, stored));
  const added = destinations.filter((origin) => !before.has(origin));
  if (!added.length) return;
  const message = `This change sends the secret to ${added.join(', ')}. Enter it again to allow that.`;
  throw new AppError('secret_required', 'A saved secret goes only to the address it was entered for.', {
    errors: Object.fromEntries(kept.map((path) => [path, [message]])),
  });
}
