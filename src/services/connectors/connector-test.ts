import { type Ctx, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { selectConnections } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { VaultError } from '../../vault/vault.ts';
import { tenantDriver } from '../authorizations/oauth-applications.ts';
import { destinationGuard } from '../calls/destinations.ts';
import { ensureOwnConnection } from '../connections/connections.ts';
import { checkConnection } from '../health/health.ts';
import { type CheckOutcome, type CheckTarget, runCheck, unreadable } from '../health/health-steps.ts';
import { limit } from '../rate-limits.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { openForCall, type Part, withoutSecrets } from '../secrets/secrets.ts';
import { type ConnectorInput, checkInput, destinationsOf } from './connector-input.ts';
import { driverFor, mustFind } from './connectors.ts';

export interface UnsavedValues extends Pick<ConnectorInput, Part> {
  catalogKey: string;
  /** The connector whose saved secrets are meant where none is given. */
  connectorId?: string;
}

/**
 * Checks values as they stand in a form, before they are saved.
 * @throws AppError forbidden, rate_limited, invalid_input, secret_required, or not_found for the connector
 */
export async function testValues(ctx: Ctx, values: UnsavedValues, signal?: AbortSignal): Promise<CheckOutcome> {
  await mayTest(ctx);
  return checkValues(ctx, values, signal);
}

async function checkValues(ctx: Ctx, values: UnsavedValues, signal?: AbortSignal): Promise<CheckOutcome> {
  const { catalogKey, connectorId, config, auth } = values;
  const driver = await tenantDriver(ctx, driverFor(ctx, catalogKey));
  const stored = connectorId ? await mustFindSaved(ctx, connectorId, catalogKey) : undefined;
  const checked = checkInput(driver, { name: 'Test', tags: [], config, auth }, stored);
  const opened = await openKept(ctx, stored?.id, checked).catch(unopened);
  if (!opened) return unreadable(`A saved secret of ${stored?.name} cannot be opened any more. Enter it again.`);
  const addresses = destinationsOf(driver, checked);
  const target = { ...opened, driver, addresses, destinations: destinationGuard(addresses, opened.sealed) };
  return runCheck(ctx, driver.needsConnection(withoutSecrets(checked.auth)) ? unconnected(target) : target, signal);
}

/** A test goes to whatever address is typed: few people may ask for that, and not as often as they like. */
async function mayTest(ctx: Ctx): Promise<void> {
  requireRole(ctx, 'admin', 'test connectors');
  const key = `connector-test:${ctx.tenantId}:${ctx.actor.id}`;
  const { allowed, retryAfter } = await limit(ctx.hub, { key, rate: 30, per: 60, burst: 20 });
  if (allowed) return;
  throw new AppError('rate_limited', `Too many tests. Try again in ${retryAfter} seconds.`, { retryAfter });
}

/** Saved secrets serve the entry that they were entered for, and no other one that somebody names beside them. */
async function mustFindSaved(ctx: Ctx, id: string, catalogKey: string): Promise<ConnectorRow> {
  const connector = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => mustFind(tx, ctx, id), { readOnly: true });
  if (connector.catalog.key === catalogKey) return connector;
  throw invalid({ catalog_key: [`${connector.name} is a connector of ${connector.catalog.name}.`] });
}

/** Before anybody has authorised an account there is nobody to ask the service as. */
const unconnected = (target: CheckTarget): CheckTarget => ({
  ...target,
  auth: { method: target.auth.method },
  unconnected: true,
});

/** Null for what does not open. */
function unopened(error: unknown): null {
  if (error instanceof VaultError) return null;
  throw error;
}

/** The values with kept secrets opened, and for each of those the origins that it was entered for. */
async function openKept(ctx: Ctx, connectorId: string | undefined, { config, auth }: Pick<ConnectorInput, Part>) {
  if (!connectorId) return { config, auth, sealed: [] };
  const read = async (tx: Tx) => {
    const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
    const open = (part: Part, value: Values) =>
      openForCall(ctx.hub.vault, keys, { tenantId: ctx.tenantId, connectorId, part }, value);
    const opened = { config: open('config', config), auth: open('auth', auth) };
    return {
      config: opened.config.value,
      auth: opened.auth.value,
      sealed: [...opened.config.destinations, ...opened.auth.destinations],
    };
  };
  return ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
}

/**
 * Checks an installed connector as it is saved, through all of its connections; the outcome of the worst one.
 * @throws AppError forbidden, rate_limited, not_found
 */
export async function testConnector(ctx: Ctx, id: string): Promise<CheckOutcome> {
  await mayTest(ctx);
  const { connector, connections } = await ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await mustFind(tx, ctx, id);
    const driver = driverFor(ctx, connector.catalog.key);
    if (!driver.needsConnection(withoutSecrets(connector.auth))) await ensureOwnConnection(tx, ctx, connector);
    return { connector, connections: await selectConnections(tx, ctx.tenantId, { connectorIds: [id], limit: 20 }) };
  });
  const [first, ...others] = await Promise.all(
    connections.map((connection) => checkConnection(ctx, connection.id, 'person')),
  );
  if (first) return others.reduce(worse, first);
  const [config, auth] = [withoutSecrets(connector.config), withoutSecrets(connector.auth)];
  return checkValues(ctx, { catalogKey: connector.catalog.key, connectorId: id, config, auth });
}

const ranks = { passed: 0, warned: 1, failed: 2 };
const worse = (a: CheckOutcome, b: CheckOutcome) => (ranks[b.verdict] > ranks[a.verdict] ? b : a);
