import type { Ctx } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type CredentialRow, findCredential } from '../../db/queries/credentials.ts';
import type { LoadedDriver, Values } from '../../drivers/driver.ts';
import { AppError } from '../../errors.ts';
import type { TenantKeys } from '../../vault/vault.ts';
import { destinationsOf } from '../connectors/connector-input.ts';
import { byEnvironment, environmentValues } from '../connectors/environment-values.ts';
import { openCredential, servesConnector } from '../credentials/credentials.ts';
import { existingTenantKeys } from '../secrets/keyring.ts';
import { openForCall } from '../secrets/secrets.ts';
import { type Destinations, destinationGuard } from './destinations.ts';

/** What a call goes through: a connector as it is configured, and the account that it acts as. */
export interface CallTarget {
  driver: LoadedDriver;
  connector: ConnectorRow;
  /** Null for a connector without any account yet; then only what the admin typed is there. */
  connection: ConnectionRow | null;
  /** What was read with it a moment ago; read anew when left out. */
  sealed?: Sealed;
}

/** What is to be opened: the keys, null where there are none that open, and what the service granted. */
export interface Sealed {
  keys: TenantKeys | null;
  granted: CredentialRow | null;
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
export async function openTarget(ctx: Ctx, target: CallTarget): Promise<OpenedTarget> {
  const read = () => ctx.hub.db.asTenant(ctx.tenantId, (tx) => readSealed(tx, ctx, target), { readOnly: true });
  try {
    return opened(ctx, target, target.sealed ?? (await read()));
  } catch (error) {
    if ((error as Error).name !== 'VaultError') throw error;
    throw new AppError(
      'conflict',
      `A saved secret of ${target.connector.name} cannot be opened any more. Enter it again in its settings.`,
      { cause: error },
    );
  }
}

/** @throws VaultError when the keys do not open that something granted was sealed with */
export async function readSealed(tx: Tx, ctx: Ctx, { connection }: Pick<CallTarget, 'connection'>): Promise<Sealed> {
  const keys = existingTenantKeys(tx, ctx.hub.vault, ctx.tenantId);
  keys.catch(() => {}); // whoever waits for them below is told
  const granted = connection && (await findCredential(tx, ctx.tenantId, connection.id, 'current'));
  return { keys: granted ? await keys : await keys.catch(() => null), granted };
}

/**
 * The same in the transaction that finds the target, beside what else that one sends. What does not open is left out: it is told when the
 * call opens it, and the call has begun by then.
 */
export const readAhead = (tx: Tx, ctx: Ctx, target: Pick<CallTarget, 'connection'>): Promise<Sealed | undefined> =>
  readSealed(tx, ctx, target).catch(() => undefined);

function opened(ctx: Ctx, { driver, connector }: CallTarget, { keys, granted: row }: Sealed): OpenedTarget {
  const described = describedFor(ctx, driver, connector);
  const open = (part: 'config' | 'auth') => {
    if (described) return { value: described[part], destinations: [described.destinations] };
    if (!keys) return { value: connector[part], destinations: [] };
    const seat = { tenantId: ctx.tenantId, connectorId: connector.id, part };
    return openForCall(ctx.hub.vault, keys, seat, connector[part]);
  };
  const config = open('config');
  const typed = open('auth');
  const granted = row && keys && servesConnector(row, connector) ? openCredential(ctx, keys, row) : null;
  const sealed = [...config.destinations, ...typed.destinations, ...(granted ? [granted.destinations] : [])];
  const { method } = typed.value;
  const waiting = !granted && (driver.needsConnection(typed.value) || method === 'client_credentials');
  const { refresh_token, ...value } = granted?.value ?? {};
  const auth = granted && row ? { method, ...value, scopes: row.scopes } : waiting ? { method } : typed.value;
  return {
    config: config.value,
    auth,
    client: typed.value,
    destinations: destinationGuard(namedBy(driver, connector), sealed),
    credential: granted && row && { ...stampsOf(row), renewable: typeof refresh_token === 'string' },
    connectorId: connector.id,
  };
}

const named = new WeakMap<ConnectorRow, string[]>();

/** Where secrets may go by this row: of one through which many calls go, the driver says so once. */
function namedBy(driver: LoadedDriver, row: ConnectorRow): string[] {
  const known = named.get(row) ?? destinationsOf(driver, row);
  named.set(row, known);
  return known;
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
