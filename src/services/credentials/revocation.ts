import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { selectReplaced } from '../../db/queries/credential-versions.ts';
import { type CredentialRow, findCredential } from '../../db/queries/credentials.ts';
import { type LoadedDriver, ServiceError, type Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { registrationOf } from '../authorizations/token-endpoint.ts';
import { endAccount } from '../brokers/account-endings.ts';
import { asBroker } from '../brokers/brokers.ts';
import { callOpened } from '../calls/calls.ts';
import { bothOf, destinationGuard } from '../calls/destinations.ts';
import { secretsIn } from '../calls/echoes.ts';
import { type OpenedTarget, openTarget } from '../calls/opened-targets.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { currentCredential, openCredential } from './credentials.ts';
import type { Revocation } from './revocation-outcome.ts';

const deadlineMs = 10_000;

/** Ends at the service what it granted for this connection. It never throws for what the service does: the result tells it. */
export async function revokeAtService(
  ctx: Ctx,
  connector: ConnectorRow,
  connection: ConnectionRow,
): Promise<Revocation> {
  const target = connection.authConfigId ? asBroker(ctx, connector) : null;
  if (target) return endAccount(ctx, target, connection);
  const { current, replaced } = await ctx.hub.db.asTenant(
    ctx.tenantId,
    async (tx) => ({
      current: await findCredential(tx, ctx.tenantId, connection.id, 'current'),
      replaced: await selectReplaced(tx, ctx.tenantId, connection.id),
    }),
    { readOnly: true },
  );
  const others = await Promise.all(replaced.map((row) => revokeReplaced(ctx, connector, row)));
  if (!current) return { outcome: 'none', message: 'Nothing was granted for it at the service.' };
  const own = await end(ctx, connector, (driver) => openTarget(ctx, { driver, connector, connection }));
  return (own.outcome === 'revoked' && others.find((each) => each?.outcome === 'failed')) || own;
}

/** What a service granted, opened. */
export interface Grant {
  value: Values;
  /** The origins that it was granted for. */
  destinations: string[];
  scopes: string[];
}

/** The same for what no connection uses, or not any more. */
export const revokeGrant = (ctx: Ctx, connector: ConnectorRow, { value, destinations, scopes }: Grant) =>
  end(ctx, connector, async (driver) => {
    const opened = await openTarget(ctx, { driver, connector, connection: null });
    const { refresh_token: _kept, ...granted } = value;
    return {
      ...opened,
      auth: { method: opened.client.method, ...granted, scopes },
      destinations: bothOf(opened.destinations, destinationGuard(destinationsOf(driver, connector), [destinations])),
    };
  });

/** Ends what a rotation or a new authorisation has replaced, where that leaves its successor alone; null where it was not tried. */
export async function revokeReplaced(
  ctx: Ctx,
  connector: ConnectorRow,
  row: CredentialRow,
): Promise<Revocation | null> {
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver?.revokesOneToken || row.kind !== 'grant' || !['rotated', 'reconnected'].includes(row.endedBy ?? ''))
    return null;
  const grant = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => openUnused(tx, ctx, row), { readOnly: true });
  return grant && revokeGrant(ctx, connector, { ...grant, scopes: row.scopes });
}

/** What the row holds; null when it does not open, or when the connection still uses the same token. */
async function openUnused(tx: Tx, ctx: Ctx, row: CredentialRow) {
  try {
    const keys = await existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
    const grant = openCredential(ctx, keys, row);
    const current = await currentCredential(tx, ctx, row.connectionId);
    return current?.value.access_token === grant.value.access_token ? null : grant;
  } catch (error) {
    if ((error as Error).name !== 'VaultError') throw error;
    return null;
  }
}

async function end(
  ctx: Ctx,
  connector: ConnectorRow,
  open: (driver: LoadedDriver) => Promise<OpenedTarget>,
): Promise<Revocation> {
  const service = connector.catalog.name;
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver?.revoke) return notPossible(service);
  try {
    const opened = await open(driver);
    const { client, mayReceive } = await clientOf(ctx, driver, connector, opened);
    const destinations = {
      ...opened.destinations,
      allows: (origin: string) => opened.destinations.allows(origin) && mayReceive(origin),
    };
    const { value } = await callOpened(
      ctx,
      { ...opened, driver, destinations, secrets: secretsIn(driver, {}, client) },
      { sideEffect: 'idempotent', deadlineMs },
      async (context) => driver.revoke?.(context, client),
    );
    return value ? { outcome: 'revoked', message: `${service} has ended the access.` } : notPossible(service);
  } catch (error) {
    if (!isExpected(error)) throw error;
    const message = `${service} did not end the access: ${error.message} End it in the account’s settings there.`;
    const passing = error instanceof OutboundError || (error instanceof ServiceError && !error.permanent);
    return { outcome: 'failed', message, passing };
  }
}

const notPossible = (service: string): Revocation => ({
  outcome: 'not_possible',
  message: `This access cannot be ended from here. End it in the account’s settings at ${service}.`,
});

const isExpected = (error: unknown): error is Error =>
  [AppError, ServiceError, OutboundError].some((kind) => error instanceof kind);

/** The client of the application that the credential was granted to; its secret goes only where it may. */
async function clientOf(ctx: Ctx, driver: LoadedDriver, connector: ConnectorRow, opened: OpenedTarget) {
  const registration = driver.oauth
    ? await registrationOf(ctx, driver, connector, opened).catch((error: unknown) => {
        if (error instanceof AppError) return null; // brought along, without any application
        throw error;
      })
    : null;
  const client: Values = registration
    ? { ...opened.client, client_id: registration.client.id, client_secret: registration.client.secret }
    : opened.client;
  return { client, mayReceive: registration?.mayReceive ?? (() => true) };
}
