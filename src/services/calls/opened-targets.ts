import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { CredentialRow } from '../../db/queries/credentials.ts';
import type { LoadedDriver, Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { byEnvironment, environmentValues } from '../connectors/environment-values.ts';
import { currentCredential, servesConnector } from '../credentials/credentials.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { openForCall } from '../secrets/secrets.ts';
import { type Destinations, destinationGuard } from './destinations.ts';

/** What a call goes through: a connector as it is configured, and the account that it acts as. */
export interface CallTarget {
  driver: LoadedDriver;
  connector: ConnectorRow;
  /** Null for a connector without any account yet; then only what the admin typed is there. */
  connection: ConnectionRow | null;
}

/** Everything that a call carries, opened. It lives as long as the call and goes nowhere but to the driver. */
export interface OpenedTarget {
  config: Values;
  auth: Values;
  /** Fields of the client that a token endpoint gets, and nobody else. */
  client: Values;
  destinations: Destinations;
  /** What the service granted, without its contents; null while only what the admin typed is there. */
  credential: OpenedCredential | null;
  connectorId: string;
}

export interface OpenedCredential {
  id: string;
  createdAt: Date;
  /** When the access token ends; null when it does not, or the service does not say. */
  expiresAt: Date | null;
  /** When it first worked. */
  verifiedAt: Date | null;
  /** Whether a refresh token came with it. */
  renewable: boolean;
}

/**
 * Opens what the connector and its connection hold.
 * @throws AppError conflict when a secret does not open any more
 */
export async function openTarget(ctx: Ctx, { driver, connector, connection }: CallTarget): Promise<OpenedTarget> {
  const { vault, db } = ctx.hub;
  const described = describedFor(ctx, driver, connector);
  const read = async (tx: Tx): Promise<OpenedTarget> => {
    const keys = await existingTenantKeys(tx, vault, ctx.tenantId).catch(() => null);
    const open = (part: 'config' | 'auth') => {
      if (described) return { value: described[part], destinations: [described.destinations] };
      if (!keys) return { value: connector[part], destinations: [] };
      return openForCall(vault, keys, { tenantId: ctx.tenantId, connectorId: connector.id, part }, connector[part]);
    };
    const config = open('config');
    const typed = open('auth');
    const current = connection && (await currentCredential(tx, ctx, connection.id));
    const granted = current && servesConnector(current.row, connector) ? current : null;
    const sealed = [...config.destinations, ...typed.destinations, ...(granted ? [granted.destinations] : [])];
    const { method } = typed.value;
    const waiting = !granted && (driver.needsConnection(typed.value) || method === 'client_credentials');
    const { refresh_token, ...value } = granted?.value ?? {};
    const auth = granted ? { method, ...value, scopes: granted.row.scopes } : waiting ? { method } : typed.value;
    return {
      config: config.value,
      auth,
      client: typed.value,
      destinations: destinationGuard(destinationsOf(driver, connector), sealed),
      credential: granted && { ...stampsOf(granted.row), renewable: typeof refresh_token === 'string' },
      connectorId: connector.id,
    };
  };
  try {
    return await db.asTenant(ctx.tenantId, read, { readOnly: true });
  } catch (error) {
    if ((error as Error).name !== 'VaultError') throw error;
    throw new AppError(
      'conflict',
      `A saved secret of ${connector.name} cannot be opened any more. Enter it again in its settings.`,
      { cause: error },
    );
  }
}

/** What the environment says about a connector that it manages; null for all others. @throws AppError conflict when it says nothing */
function describedFor({ hub }: Ctx, driver: LoadedDriver, { managedBy, name, status }: ConnectorRow) {
  if (managedBy !== byEnvironment) return null;
  // An inactive one was taken away, perhaps because the variables are another workspace's by now.
  const values = status === 'inactive' ? null : environmentValues(hub.config, driver);
  if (values) return values;
  throw new AppError('conflict', `The environment of this hub does not describe ${name} any more.`);
}

/** Whether `openTarget` found something that does not open: no later call will fare better. */
export const isUnreadable = (error: unknown): error is AppError =>
  error instanceof AppError && (error.cause as Error | undefined)?.name === 'VaultError';

const stampsOf = ({ id, createdAt, expiresAt, verifiedAt }: CredentialRow) => ({
  id,
  createdAt,
  expiresAt,
  verifiedAt,
});
