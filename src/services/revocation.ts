import type { Ctx } from '../context.ts';
import type { ConnectionRow } from '../db/queries/connections.ts';
import type { ConnectorRow } from '../db/queries/connectors.ts';
import { findCredential } from '../db/queries/credentials.ts';
import { ServiceError, type Values } from '../drivers/driver.ts';
import { AppError } from '../errors.ts';
import { OutboundError } from '../lib/outbound/outbound.ts';
import { callOpened, openTarget } from './calls.ts';
import { secretsIn } from './echoes.ts';
import { registrationOf } from './token-endpoint.ts';

/** What became of a credential at the service that granted it. */
export interface Revocation {
  /** `none`: nothing was granted; `not_possible`: the service offers no way; `failed`: it may still be good there. */
  outcome: 'revoked' | 'none' | 'not_possible' | 'failed';
  /** For people: what happened, and what they can do themselves. */
  message: string;
}

const deadlineMs = 10_000;

/** Ends at the service what it granted for this connection. It never throws for what the service does: the result tells it. */
export async function revokeAtService(
  ctx: Ctx,
  connector: ConnectorRow,
  connection: ConnectionRow,
): Promise<Revocation> {
  const granted = await ctx.hub.db.asTenant(
    ctx.tenantId,
    (tx) => findCredential(tx, ctx.tenantId, connection.id, 'current'),
    { readOnly: true },
  );
  if (!granted) return { outcome: 'none', message: 'Nothing was granted for it at the service.' };
  const service = connector.catalog.name;
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver?.revoke) return notPossible(service);
  try {
    const { opened, client, mayReceive } = await openForRevocation(ctx, connector, connection);
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
    return { outcome: 'failed', message };
  }
}

const notPossible = (service: string): Revocation => ({
  outcome: 'not_possible',
  message: `This access cannot be ended from here. End it in the account’s settings at ${service}.`,
});

const isExpected = (error: unknown): error is Error =>
  [AppError, ServiceError, OutboundError].some((kind) => error instanceof kind);

/** The client of the application that the credential was granted to; its secret goes only where it may. */
async function openForRevocation(ctx: Ctx, connector: ConnectorRow, connection: ConnectionRow) {
  const driver = ctx.hub.drivers.get(connector.catalog.key);
  if (!driver) throw new AppError('conflict', `This version of Patchbay does not know ${connector.catalog.name}.`);
  const opened = await openTarget(ctx, { driver, connector, connection });
  const registration = driver.oauth
    ? await registrationOf(ctx, driver, connector, opened).catch((error: unknown) => {
        if (error instanceof AppError) return null; // brought along, without any application
        throw error;
      })
    : null;
  const client: Values = registration
    ? { ...opened.client, client_id: registration.client.id, client_secret: registration.client.secret }
    : opened.client;
  return { opened, client, mayReceive: registration?.mayReceive ?? (() => true) };
}
