import type { Ctx } from '../../context.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { Driver, Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { getAt, setAt } from '../../lib/schema/walk.ts';
import { type TenantKeys, type Vault, VaultError } from '../../vault/vault.ts';
import { isStoredSecret, type Part, resealSecret, storedSecretPaths } from '../secrets/secrets.ts';

/** What a connector row says about its settings. */
interface Settings {
  config: Values;
  auth: Values;
  schemaVersion: number;
}

/** Settings that the driver's own migrations fail on. */
export class NotUpgraded extends AppError {
  constructor(name: string, version: number, cause: unknown) {
    super(
      'conflict',
      `The settings of ${name} were saved under version ${version}, and could not be brought up to date: that is a mistake in Patchbay. Nothing was changed or lost, and it works as before, but it cannot be configured until an update mends this. Tell your operator.`,
      { cause },
    );
  }
}

export interface Upgraded {
  config: Values;
  auth: Values;
  /** A sentence for each step; empty for settings that are of this version. */
  changes: string[];
}

/**
 * Settings as the driver's schemas of today have them: the migrations of all versions since they were saved, one after the
 * other. Nothing is stored. Envelopes of secrets may stand at other paths afterwards; only `resealMoved` makes them fit there.
 * @throws NotUpgraded when a migration fails
 */
export function upgrade(ctx: Pick<Ctx, 'log'>, driver: Driver, row: ConnectorRow): ConnectorRow & Upgraded {
  const changes: string[] = [];
  let { config, auth } = structuredClone({ config: row.config, auth: row.auth });
  for (let version = row.schemaVersion; version < driver.entry.schemaVersion; version++) {
    const migration = driver.migrations?.[version];
    if (!migration) continue;
    ({ config, auth } = step(ctx, row, version, () => migration.migrate(config, auth)));
    changes.push(migration.describe);
  }
  return { ...row, config, auth, changes };
}

/** A mistake in a driver costs nobody their settings: they stay as they were saved, and can be looked at but not changed. */
function step(ctx: Pick<Ctx, 'log'>, row: ConnectorRow, version: number, migrate: () => Pick<Settings, Part>) {
  try {
    const { config, auth } = migrate();
    if (!config || !auth) throw new TypeError('The migration gave no config or no auth.');
    return { config, auth };
  } catch (cause) {
    const at = { connector_id: row.id, catalog_key: row.catalog.key, schema_version: version };
    ctx.log.error({ err: cause, ...at }, 'settings could not be brought up to date');
    throw new NotUpgraded(row.name, version, cause);
  }
}

interface Place {
  part: Part;
  path: string;
}

/**
 * Seals kept secrets anew that a migration has moved: an envelope opens only at the path it was made for.
 * @param before what is stored
 * @param after what is about to be stored
 * @throws AppError invalid_input at the new path of a secret that does not open any more
 */
export function resealMoved(
  vault: Vault,
  keys: TenantKeys,
  connector: { tenantId: string; connectorId: string },
  before: Pick<Settings, Part>,
  after: Pick<Settings, Part>,
): Pick<Settings, Part> {
  const moved = structuredClone({ config: after.config, auth: after.auth });
  const origins = new Map(placesIn(before).map((place) => [sealedAt(before, place), place]));
  for (const place of placesIn(moved)) {
    const origin = origins.get(sealedAt(moved, place));
    if (!origin || (origin.part === place.part && origin.path === place.path)) continue;
    const [from, to] = [origin, place].map(({ part, path }) => ({ seat: { ...connector, part }, path }));
    const stored = getAt(before[origin.part], origin.path);
    if (!from || !to || !isStoredSecret(stored)) continue;
    try {
      setAt(moved[place.part], place.path, resealSecret(vault, keys, from, to, stored));
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      throw invalid({ [`${place.part}.${place.path}`]: ['The saved value cannot be read any more. Enter it again.'] });
    }
  }
  return moved;
}

const placesIn = (values: Pick<Settings, Part>): Place[] =>
  (['config', 'auth'] as const).flatMap((part) => storedSecretPaths(values[part]).map((path) => ({ part, path })));

const sealedAt = (values: Pick<Settings, Part>, { part, path }: Place): string =>
  (getAt(values[part], path) as { $sealed: string }).$sealed;
