import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { LoadedDriver, Values } from '../../drivers/driver.ts';
import { deleteAt, getAt, secretFields, setAt } from '../../lib/schema/walk.ts';
import { type TenantKeys, VaultError } from '../../vault/vault.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { openSecrets, type Part, type Seat, storedSecretPaths } from '../secrets/secrets.ts';
import type { Wanted } from './connector-file.ts';

export interface SecretChange {
  /** Paths from the root of the secrets that differ from what is saved. */
  paths: string[];
  /** Config and auth as an update takes them: secrets that stay are left out, those that end are null. */
  input: Record<Part, Values>;
}

const parts = ['config', 'auth'] as const;

/**
 * Which secrets of the file are others than the saved ones. They are opened and compared here, so that nothing has to be stored from
 * which a secret could be guessed.
 * @param keys as `keysToCompare` gives them
 */
export function changedSecrets(ctx: Ctx, keys: TenantKeys | null, row: ConnectorRow, wanted: Wanted): SecretChange {
  const { driver, values, unknown } = wanted;
  const stays = mayStay(driver, row, wanted);
  const input = structuredClone({ config: values.config, auth: values.auth });
  const paths: string[] = [];
  for (const part of parts) {
    const seat = { tenantId: ctx.tenantId, connectorId: row.id, part };
    const fields = new Set(secretFields(schemaOf(driver, part), values[part]));
    const stored = new Set(storedSecretPaths(row[part]));
    for (const path of new Set([...fields, ...stored])) {
      const wantedSecret = getAt(values[part], path);
      const same = unknown.includes(`${part}.${path}`) || opened(ctx, keys, seat, path, row[part]) === wantedSecret;
      if (!same) paths.push(`${part}.${path}`);
      if (same && stays) deleteAt(input[part], path);
      else if (wantedSecret === undefined && stored.has(path) && fields.has(path)) setAt(input[part], path, null);
    }
  }
  return { paths, input };
}

/** A saved secret is kept only by the same method and for the places that it was entered for. */
function mayStay(driver: LoadedDriver, row: ConnectorRow, { values }: Wanted): boolean {
  const before = new Set(destinationsOf(driver, row));
  return row.auth.method === values.auth.method && values.destinations.every((origin) => before.has(origin));
}

const schemaOf = ({ entry }: LoadedDriver, part: Part) => (part === 'auth' ? entry.authSchema : entry.configSchema);

/** Null when there are none, or none that open: nothing that is saved does then. */
export async function keysToCompare(tx: Tx, ctx: Ctx): Promise<TenantKeys | null> {
  return existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId).catch((error: unknown) => {
    if (error instanceof VaultError) return null;
    throw error;
  });
}

/** Undefined where nothing is saved; null for what does not open any more. */
function opened({ hub }: Ctx, keys: TenantKeys | null, seat: Seat, path: string, stored: Values): unknown {
  const envelope = getAt(stored, path);
  if (envelope === undefined) return undefined;
  const only: Values = {};
  setAt(only, path, envelope);
  try {
    return keys && getAt(openSecrets(hub.vault, keys, seat, only), path);
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
