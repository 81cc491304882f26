import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { readonlyFields, setAt } from '../../lib/schema/walk.ts';
import { type TenantKeys, VaultError } from '../../vault/vault.ts';
import { connectorCallbackPath } from '../connections/connection-addresses.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { type Part, presentSecrets, storedSecretPaths, unreadableSecrets } from '../secrets/secrets.ts';
import { byEnvironment, environmentValues, secretsSet } from './environment-values.ts';

type Shown = Record<Part, Record<string, unknown>>;

/** Rows of lists are kept, and shown each time. */
const shownOf = new WeakMap<ConnectorRow, Shown>();

/** Config and auth as answers show them: no secret, and the values that the hub itself computes. Nobody changes them. */
export function presentConnector(ctx: Ctx, row: ConnectorRow): Shown {
  const shown = shownOf.get(row) ?? present(ctx, row);
  shownOf.set(row, shown);
  return shown;
}

function present(ctx: Ctx, row: ConnectorRow): Shown {
  const entry = ctx.hub.drivers.get(row.catalog.key)?.entry;
  const auth = presentSecrets(entry?.authSchema, row.auth);
  const computed = computedFields(ctx, row.id);
  for (const path of entry ? readonlyFields(entry.authSchema, row.auth) : [])
    setAt(auth, path, computed[`auth.${path}`]);
  for (const path of describedSecrets(ctx, row)) setAt(auth, path, { is_set: true });
  return { config: presentSecrets(entry?.configSchema, row.config), auth };
}

/** What is set although it is not stored. */
function describedSecrets({ hub }: Ctx, { managedBy, catalog }: ConnectorRow): string[] {
  const driver = hub.drivers.get(catalog.key);
  const values = driver && managedBy === byEnvironment ? environmentValues(hub.config, driver) : null;
  return driver && values ? secretsSet(driver, values) : [];
}

/** What the hub fills into read-only fields, by path from the root: the address that the service sends people back to. */
export const computedFields = (ctx: Ctx, connectorId: string): Record<string, string> => ({
  'auth.redirect_uri': redirectUri(ctx, connectorId),
});

/** Per connector, so that an answer meant for one can never be taken for another's. */
const redirectUri = (ctx: Ctx, connectorId: string) => `${ctx.hub.config.baseUrl}${connectorCallbackPath(connectorId)}`;

/** The tenant's data keys; null where there are none, or the master keys do not open them. */
export const keysIfAny = (ctx: Ctx, tx: Tx): Promise<TenantKeys | null> =>
  existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId).catch((error: unknown) => {
    if (error instanceof VaultError) return null;
    throw error;
  });

/** For each connector the dotted paths of saved secrets that no longer open. Without the tenant's data keys that is all of them. */
export function findUnreadable(
  ctx: Ctx,
  keys: TenantKeys | null,
  rows: Pick<ConnectorRow, 'id' | Part>[],
): Map<string, string[]> {
  const inPart = (row: (typeof rows)[number], part: Part) => {
    const seat = { tenantId: ctx.tenantId, connectorId: row.id, part };
    const paths = keys ? unreadableSecrets(ctx.hub.vault, keys, seat, row[part]) : storedSecretPaths(row[part]);
    return paths.map((path) => `${part}.${path}`);
  };
  return new Map(rows.map((row) => [row.id, [...inPart(row, 'auth'), ...inPart(row, 'config')]]));
}
