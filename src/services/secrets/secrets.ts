import type { JsonSchema } from '../../lib/schema/json-schema.ts';
import { getAt, secretFields, setAt } from '../../lib/schema/walk.ts';
import type { Place, TenantKeys, Vault } from '../../vault/vault.ts';

type Values = Record<string, unknown>;
export type Part = 'config' | 'auth';

/** How a secret stands in `connectors.config` and `connectors.auth`: a sealed envelope of its own with the time it was entered. */
interface StoredSecret {
  $sealed: string;
  updated_at: string;
}

/** How a secret reads in every answer. */
export interface SecretState {
  is_set: boolean;
  updated_at?: string;
}

export const isStoredSecret = (value: unknown): value is StoredSecret =>
  typeof value === 'object' && value !== null && typeof (value as Partial<StoredSecret>).$sealed === 'string';

/** Where one part of one connector is sealed. */
export interface Seat {
  tenantId: string;
  connectorId: string;
  part: Part;
}

/** What the envelope at this dotted path is bound to. */
export const placeOf = (seat: Seat, path: string): Place => ({
  tenantId: seat.tenantId,
  table: 'connectors',
  rowId: seat.connectorId,
  field: `${seat.part}.${path}`,
});

/**
 * Replaces every secret that was typed by its envelope. The origins that may receive it are sealed together with it,
 * so that nobody who can only write the row can send it elsewhere.
 */
export function sealSecrets(
  vault: Vault,
  keys: TenantKeys,
  seat: Seat,
  schema: JsonSchema,
  value: Values,
  destinations: string[],
): Values {
  const sealed = structuredClone(value);
  for (const path of secretFields(schema, value)) {
    const secret = getAt(value, path);
    if (typeof secret !== 'string') continue;
    const envelope = vault.seal(keys, placeOf(seat, path), JSON.stringify({ value: secret, destinations }));
    setAt(sealed, path, { $sealed: envelope, updated_at: new Date().toISOString() } satisfies StoredSecret);
  }
  return sealed;
}

interface OpenedSecret {
  value: string;
  /** The origins that the secret was entered for; it goes nowhere else. */
  destinations: string[];
}

/** @throws VaultError when the envelope does not belong here or was damaged */
function openSecret(vault: Vault, keys: TenantKeys, seat: Seat, path: string, stored: StoredSecret): OpenedSecret {
  return JSON.parse(vault.open(keys, placeOf(seat, path), stored.$sealed));
}

interface SecretPlace {
  seat: Seat;
  path: string;
}

/** The same secret, for the same origins and as old as it was, at another path. @throws VaultError when it does not open */
export function resealSecret(
  vault: Vault,
  keys: TenantKeys,
  from: SecretPlace,
  to: SecretPlace,
  stored: StoredSecret,
): StoredSecret {
  const opened = openSecret(vault, keys, from.seat, from.path, stored);
  return { ...stored, $sealed: vault.seal(keys, placeOf(to.seat, to.path), JSON.stringify(opened)) };
}

/** The value as it was entered, secrets in plain text; for comparing only. @throws VaultError */
export function openSecrets(vault: Vault, keys: TenantKeys, seat: Seat, value: Values): Values {
  const opened = structuredClone(value);
  for (const path of storedSecretPaths(value))
    setAt(opened, path, openSecret(vault, keys, seat, path, getAt(value, path) as StoredSecret).value);
  return opened;
}

/**
 * The value with its secrets opened, and for each of them the origins that it was entered for: what a call needs.
 * @throws VaultError
 */
export function openForCall(vault: Vault, keys: TenantKeys, seat: Seat, value: Values) {
  const destinations: string[][] = [];
  const opened = replaceSecrets(value, (stored, path) => {
    const secret = openSecret(vault, keys, seat, path, stored);
    destinations.push(secret.destinations);
    return secret.value;
  });
  return { value: opened, destinations };
}

/** The dotted paths of stored secrets that no longer open: a damaged or moved envelope, or a missing key. */
export function unreadableSecrets(vault: Vault, keys: TenantKeys, seat: Seat, value: Values): string[] {
  return storedSecretPaths(value).filter((path) => !opens(vault, keys, seat, path, getAt(value, path) as StoredSecret));
}

const mostKnown = 10_000;
/** Envelopes that have opened, each with its place: under the same keys the same one always will. */
const knownToOpen = new WeakMap<TenantKeys, Set<string>>();

function opens(vault: Vault, keys: TenantKeys, seat: Seat, path: string, stored: StoredSecret): boolean {
  const known = knownToOpen.get(keys) ?? new Set();
  const mark = `${seat.connectorId} ${seat.part}.${path} ${stored.$sealed}`;
  if (known.has(mark)) return true;
  try {
    openSecret(vault, keys, seat, path, stored);
  } catch {
    return false;
  }
  if (known.size >= mostKnown) known.clear();
  knownToOpen.set(keys, known.add(mark));
  return true;
}

/** The dotted paths at which envelopes stand; needs no schema, so it also works for retired entries. */
export function storedSecretPaths(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    return isStoredSecret(child) ? [path] : storedSecretPaths(child, path);
  });
}

/** The value as answers show it: a secret reads as whether it is set and since when. */
export function presentSecrets(schema: JsonSchema | undefined, value: Values): Values {
  const shown = replaceSecrets(value, ({ updated_at }) => ({ is_set: true, updated_at }) satisfies SecretState);
  for (const path of schema ? secretFields(schema, value) : [])
    if (!isStoredSecret(getAt(value, path))) setAt(shown, path, { is_set: false } satisfies SecretState);
  return shown;
}

/** The value without its envelopes; what a driver may compute addresses from. */
export function withoutSecrets(value: Values): Values {
  return replaceSecrets(value, () => undefined);
}

/** A copy in which something else stands for each envelope; undefined leaves it out. */
function replaceSecrets(value: Values, instead: (stored: StoredSecret, path: string) => unknown, prefix = ''): Values {
  const copied = (child: unknown, path: string): unknown => {
    if (typeof child !== 'object' || child === null) return child;
    if (Array.isArray(child)) return structuredClone(child);
    return isStoredSecret(child) ? instead(child, path) : replaceSecrets(child as Values, instead, `${path}.`);
  };
  const entries = Object.entries(value).map(([key, child]) => [key, copied(child, prefix + key)] as const);
  return Object.fromEntries(entries.filter(([, child]) => child !== undefined));
}
