import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, wipe } from './cipher.ts';
import { VaultError } from './errors.ts';
import type { Keyring } from './keyring.ts';

export { VaultError } from './errors.ts';
export { openStream, sealStream } from './passphrase-stream.ts';

/** Where a sealed value belongs. Part of the additional data: a blob moved to another place does not open. */
export interface Place {
  tenantId: string;
  table: string;
  rowId: string;
  /** Dotted path from the row, e.g. `auth.client_secret`. */
  field: string;
}

/** A row of `tenant_keys`. */
export interface WrappedKey {
  tenantId: string;
  number: number;
  masterKeyId: string;
  /** base64 */
  wrapped: string;
}

/** A tenant's unwrapped data keys; opaque outside the vault. */
export interface TenantKeys {
  readonly tenantId: string;
  /** The number that new envelopes are sealed under. */
  readonly newest: number;
}

/** XChaCha20-Poly1305 under per-tenant data keys, which the master keyring wraps. Pure: rows are handed in and out. */
export interface Vault {
  /** Where the master keys come from, for messages. */
  readonly keySource: string;
  /** The ids of the master keys, newest first; empty while there is none. */
  masterKeyIds(): string[];
  /** Puts a new master key in front of the others and keeps those; false when the operator names them in MASTER_KEYS. */
  addMasterKey(): boolean;
  /** A fresh data key, wrapped by the newest master key; the caller stores the row. */
  newTenantKey(tenantId: string, number: number): WrappedKey;
  /** @throws VaultError unknown_master_key | does_not_open | no_keys */
  unwrap(rows: WrappedKey[]): TenantKeys;
  /** Returns `pb1.<data-key number>.<base64url>`. */
  seal(keys: TenantKeys, place: Place, plaintext: string): string;
  /** @throws VaultError does_not_open | unknown_data_key | malformed */
  open(keys: TenantKeys, place: Place, sealed: string): string;
  /** The same data key, wrapped by the newest master key. @throws VaultError unknown_master_key | does_not_open */
  rewrap(row: WrappedKey): WrappedKey;
  /** Seals a secret of the hub itself under the newest master key. */
  sealForHub(name: string, plaintext: string): HubSecret;
  /** @throws VaultError unknown_master_key | does_not_open */
  openForHub(name: string, row: HubSecret): string;
  /** The same secret under the newest master key. @throws VaultError unknown_master_key | does_not_open */
  rewrapForHub(name: string, row: HubSecret): HubSecret;
}

/** A row of `hub_secrets`. */
interface HubSecret {
  masterKeyId: string;
  /** base64 */
  sealed: string;
}

const format = 'pb1';

class KeySet implements TenantKeys {
  readonly tenantId: string;
  readonly newest: number;
  readonly #keys: Map<number, Uint8Array>;

  constructor(tenantId: string, keys: Map<number, Uint8Array>) {
    this.tenantId = tenantId;
    this.newest = Math.max(...keys.keys());
    this.#keys = keys;
  }

  key(number: number): Uint8Array {
    const key = this.#keys.get(number);
    if (key) return key;
    throw new VaultError('unknown_data_key', `The data key ${number} that this was sealed under is gone.`);
  }
}

/** The vault over this keyring. */
export const createVault = (keyring: Keyring): Vault => ({
  keySource: keyring.source,
  masterKeyIds: () => keyring.ids(),
  addMasterKey: () => keyring.add(),
  newTenantKey: (tenantId, number) => wrap(keyring, tenantId, number, randomBytes(32)),
  rewrap: (row) => wrap(keyring, row.tenantId, row.number, unwrapKey(keyring, row)),
  unwrap: (rows) => unwrap(keyring, rows),
  seal,
  open,
  sealForHub: (name, plaintext) => sealForHub(keyring, name, plaintext),
  openForHub: (name, row) => openForHub(keyring, name, row),
  rewrapForHub: (name, row) => sealForHub(keyring, name, openForHub(keyring, name, row)),
});

function unwrap(keyring: Keyring, rows: WrappedKey[]): TenantKeys {
  const tenantId = rows[0]?.tenantId;
  if (tenantId === undefined) throw new VaultError('no_keys', 'This workspace has no data key.');
  return new KeySet(tenantId, new Map(rows.map((row) => [row.number, unwrapKey(keyring, { ...row, tenantId })])));
}

function sealForHub(keyring: Keyring, name: string, plaintext: string) {
  const { id, key } = keyring.newest();
  const plain = Buffer.from(plaintext);
  const sealed = encrypt(key, hubContext(id, name), plain);
  wipe(plain);
  return { masterKeyId: id, sealed: sealed.toString('base64') };
}

function openForHub(keyring: Keyring, name: string, { masterKeyId, sealed }: HubSecret): string {
  const { key } = keyring.find(masterKeyId);
  return asText(decrypt(key, hubContext(masterKeyId, name), Buffer.from(sealed, 'base64'), `The secret "${name}"`));
}

const keyContext = (masterKeyId: string, tenantId: string, number: number) => [
  'data key',
  masterKeyId,
  tenantId,
  number,
];
const hubContext = (masterKeyId: string, name: string) => ['hub secret', masterKeyId, name];

/** Wraps the data key and wipes it. */
function wrap(keyring: Keyring, tenantId: string, number: number, key: Uint8Array): WrappedKey {
  const master = keyring.newest();
  const wrapped = encrypt(master.key, keyContext(master.id, tenantId, number), key);
  wipe(key);
  return { tenantId, number, masterKeyId: master.id, wrapped: wrapped.toString('base64') };
}

function unwrapKey(keyring: Keyring, { tenantId, number, masterKeyId, wrapped }: WrappedKey): Uint8Array {
  const context = keyContext(masterKeyId, tenantId, number);
  return decrypt(keyring.find(masterKeyId).key, context, Buffer.from(wrapped, 'base64'), `Data key ${number}`);
}

const placeContext = ({ tenantId, table, rowId, field }: Place, number: number) => [
  format,
  tenantId,
  table,
  rowId,
  field,
  number,
];

function seal(keys: TenantKeys, place: Place, plaintext: string): string {
  const plain = Buffer.from(plaintext);
  const sealed = encrypt(keySet(keys).key(keys.newest), placeContext(place, keys.newest), plain);
  wipe(plain);
  return `${format}.${keys.newest}.${sealed.toString('base64url')}`;
}

const envelope = /^pb1\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]+)$/;

function open(keys: TenantKeys, place: Place, sealed: string): string {
  const [, number, body] = envelope.exec(sealed) ?? [];
  if (!number || !body)
    throw new VaultError('malformed', `${place.table}.${place.field} does not hold a sealed value.`);
  const key = keySet(keys).key(Number(number));
  return asText(
    decrypt(key, placeContext(place, Number(number)), Buffer.from(body, 'base64url'), `${place.table}.${place.field}`),
  );
}

/** The number of the data key that this was sealed under, or null when it is no envelope. */
export const dataKeyNumber = (sealed: string): number | null => Number(envelope.exec(sealed)?.[1] ?? 0) || null;

function keySet(keys: TenantKeys): KeySet {
  if (keys instanceof KeySet) return keys;
  throw new TypeError('These are not keys that the vault unwrapped');
}

function asText(plain: Uint8Array): string {
  const text = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString();
  wipe(plain);
  return text;
}
