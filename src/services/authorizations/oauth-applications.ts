import type { Ctx } from '../../context.ts';
import type { Drizzle, Tx } from '../../db/client.ts';
import { findCatalogEntry } from '../../db/queries/connector-catalog.ts';
import { findHubSecret } from '../../db/queries/hub-secrets.ts';
import {
  type ApplicationRow,
  replaceHubSecret,
  selectApplications,
  upsertApplication,
} from '../../db/queries/oauth-applications.ts';
import type { LoadedDriver } from '../../drivers/driver.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { compileSchema } from '../../lib/schema/compile.ts';
import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { type OperatorCtx, recordOperatorEvent } from '../tenants/operator-trail.ts';

export interface ApplicationInput {
  client_id: unknown;
  /** Blank keeps the one that is there, as long as the client ID stays. */
  client_secret: unknown;
  scopes: string[];
}

/** An entry that can take an application, and the one that it has. */
export interface EntryApplication {
  key: string;
  name: string;
  /** What the form starts from. */
  scopes: string[];
  application: ApplicationRow | null;
}

/**
 * What the hub has registered at the entry's service.
 * @throws AppError not_found for an entry that no application can be registered for
 */
export async function getApplication({ hub }: OperatorCtx, key: string): Promise<EntryApplication> {
  const { driver, variant } = mustTakeApplication(hub.drivers.get(key));
  const application = (await selectApplications(hub.db.system)).get(key) ?? null;
  return {
    key,
    name: driver.entry.name,
    scopes: application?.scopes ?? usualScopes(variant),
    application,
  };
}

/** Keys of the entries that the hub has an application for. */
export const listApplications = async ({ hub }: OperatorCtx): Promise<Set<string>> =>
  new Set((await selectApplications(hub.db.system)).keys());

/** Keys of the entries that an application can be registered for. */
export const takesApplication = ({ hub }: OperatorCtx): Set<string> =>
  new Set([...hub.drivers].filter(([, { entry }]) => clientVariant(entry.authSchema)).map(([key]) => key));

/**
 * Registers an OAuth application for all tenants. Its secret is sealed under the master keyring and never shown.
 * @throws AppError not_found, invalid_input with `client_id`, `client_secret` and `scopes`
 */
export async function registerApplication(ctx: OperatorCtx, key: string, input: ApplicationInput): Promise<void> {
  const { variant } = mustTakeApplication(ctx.hub.drivers.get(key));
  await ctx.hub.db.system.transaction(async (tx) => {
    const entry = await mustFind(tx, key);
    const before = (await selectApplications(tx)).get(key);
    const secret = typeof input.client_secret === 'string' ? input.client_secret : '';
    const keeps = !secret && before !== undefined && before.clientId === input.client_id;
    const { clientId, scopes } = check(variant, input, keeps);
    await upsertApplication(tx, entry.id, { clientId, scopes });
    if (!keeps)
      await replaceHubSecret(tx, secretName(entry.id), ctx.hub.vault.sealForHub(secretName(entry.id), secret));
    await recordOperatorEvent(tx, ctx, {
      action: 'entry.application_registered',
      subject: { type: 'catalog_entry', id: entry.id, name: entry.name },
      details: { client_id: clientId, scopes, secret: keeps ? 'kept' : 'new' },
    });
  });
}

/**
 * Takes the application and its secret away. Connectors that used it need an application of their own then.
 * @throws AppError not_found
 */
export async function removeApplication(ctx: OperatorCtx, key: string): Promise<void> {
  mustTakeApplication(ctx.hub.drivers.get(key));
  await ctx.hub.db.system.transaction(async (tx) => {
    const entry = await mustFind(tx, key);
    if (!(await selectApplications(tx)).has(key)) return;
    await upsertApplication(tx, entry.id, null);
    await replaceHubSecret(tx, secretName(entry.id), null);
    await recordOperatorEvent(tx, ctx, {
      action: 'entry.application_removed',
      subject: { type: 'catalog_entry', id: entry.id, name: entry.name },
    });
  });
}

/** The driver as the tenant meets it: where the hub has an application, the tenant need not bring one. */
export async function tenantDriver(ctx: Ctx, driver: LoadedDriver): Promise<LoadedDriver> {
  return adaptDriver(ctx.hub.db.system, driver);
}

/** The same in a transaction that is open already. */
export async function adaptDriver(tx: Drizzle | Tx, driver: LoadedDriver): Promise<LoadedDriver> {
  if (!clientVariant(driver.entry.authSchema)) return driver;
  return withApplication(driver, (await selectApplications(tx)).has(driver.entry.key));
}

/** The same when it is known whether the hub has one. */
export const withApplication = (driver: LoadedDriver, hasApplication: boolean): LoadedDriver =>
  hasApplication && clientVariant(driver.entry.authSchema)
    ? { ...driver, entry: { ...driver.entry, authSchema: withOptionalClient(driver.entry.authSchema) } }
    : driver;

/** Made once for each schema, so that it is compiled once. */
const adapted = new WeakMap<JsonSchema, JsonSchema>();

/** The auth schema with client ID and secret optional, but only both together. */
function withOptionalClient(schema: JsonSchema): JsonSchema {
  const known = adapted.get(schema);
  if (known) return known;
  const variants = schema.oneOf?.map((variant) => (isClientVariant(variant) ? optional(variant) : variant));
  const made = { ...schema, oneOf: variants };
  adapted.set(schema, made);
  return made;
}

const client = ['client_id', 'client_secret'];
const offer = 'Patchbay’s own application is available: leave client ID and secret empty.';

const optional = (variant: JsonSchema): JsonSchema => ({
  ...variant,
  description: [offer, variant.description].filter(Boolean).join(' '),
  required: variant.required?.filter((name) => !client.includes(name)),
  dependentRequired: { client_id: ['client_secret'], client_secret: ['client_id'] },
});

const isClientVariant = ({ properties }: JsonSchema) =>
  properties?.method?.const === 'oauth2' && client.every((name) => name in properties);
const clientVariant = (schema: JsonSchema): JsonSchema | undefined => schema.oneOf?.find(isClientVariant);

function mustTakeApplication(driver: LoadedDriver | undefined) {
  const variant = driver && clientVariant(driver.entry.authSchema);
  if (!variant)
    throw new AppError('not_found', 'No application can be registered for this entry. Look through the list.');
  return { driver, variant };
}

async function mustFind(tx: Tx, key: string) {
  const entry = await findCatalogEntry(tx, key);
  if (!entry) throw new AppError('not_found', 'The catalog has no such entry. Look through the list.');
  return entry;
}

/** What the form starts from. */
function usualScopes(variant: JsonSchema | undefined): string[] {
  const usual = variant?.properties?.scopes?.default;
  return Array.isArray(usual) ? usual.map(String) : [];
}

/** The scopes to ask for: those that the tenant entered, else the usual ones of the service. */
export const scopesFor = ({ entry }: LoadedDriver, entered: unknown): string[] =>
  Array.isArray(entered) ? entered.map(String) : usualScopes(clientVariant(entry.authSchema));

/** The hub's application with its secret, and the origins that it is registered at: it is for no others. */
export interface OpenedApplication extends Pick<ApplicationRow, 'clientId' | 'scopes'> {
  clientSecret: string;
  destinations: string[];
}

/**
 * Opens what the hub has registered at the driver's service; null when that is nothing. What it is for are the service's usual
 * addresses: a tenant cannot have it sent elsewhere by its settings.
 * @throws VaultError
 */
export async function openApplication(
  { hub }: Pick<Ctx, 'hub'>,
  driver: LoadedDriver,
): Promise<OpenedApplication | null> {
  const found = (await selectApplications(hub.db.system)).get(driver.entry.key);
  const entry = found && (await findCatalogEntry(hub.db.system, driver.entry.key));
  if (!found || !entry) return null;
  const sealed = await findHubSecret(hub.db.system, secretName(entry.id));
  if (!sealed) return null;
  return {
    clientId: found.clientId,
    scopes: found.scopes,
    clientSecret: hub.vault.openForHub(secretName(entry.id), sealed),
    destinations: destinationsOf(driver, { config: {}, auth: { method: 'oauth2' } }),
  };
}

const secretName = (catalogId: string) => `oauth_application:${catalogId}`;

/** By the same rules as a tenant's own client ID, secret and scopes. */
function check(
  { properties = {} }: JsonSchema,
  { client_id, client_secret, scopes }: ApplicationInput,
  keeps: boolean,
) {
  const fields = [...client, 'scopes'].filter((name) => !(keeps && name === 'client_secret') && name in properties);
  const picked = Object.fromEntries(fields.map((name) => [name, properties[name] as JsonSchema]));
  const required = fields.filter((name) => client.includes(name));
  const value = { client_id, ...(keeps ? {} : { client_secret }), scopes };
  const errors: FieldErrors = compileSchema({ type: 'object', properties: picked, required })(value);
  if (Object.keys(errors).length) throw invalid(errors);
  return { clientId: String(client_id), scopes };
}

/** Shows a catalog entry as tenants meet it where the hub has an application of its own. */
export const offeringClient = <Entry extends { authSchema: JsonSchema }>(entry: Entry): Entry => ({
  ...entry,
  authSchema: withOptionalClient(entry.authSchema),
});
