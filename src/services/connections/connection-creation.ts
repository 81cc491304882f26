import type { Granted } from '../../auth/oauth2-code.ts';
import type { Ctx } from '../../context.ts';
import { type ConnectionRow, findOwnConnection } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { type Account, type LoadedDriver, ServiceError, type Values } from '../../drivers/driver.ts';
import { AppError, invalid } from '../../errors.ts';
import { fitsHeader, unfitForHeader } from '../../lib/header-text.ts';
import { OutboundError } from '../../lib/outbound/outbound.ts';
import { recordAudit } from '../audit.ts';
import { authorise } from '../authorizations/authorization-settlement.ts';
import { asBroker, requireOwnToolkit } from '../brokers/brokers.ts';
import { connectAccount } from '../brokers/connected-accounts.ts';
import { callOpened } from '../calls/calls.ts';
import { plainAccount, plainScopes, secretsIn } from '../calls/echoes.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { settleConnector } from '../connectors/connector-settlement.ts';
import { driverFor, mustFind } from '../connectors/connectors.ts';
import { requireEnabled } from '../connectors/provisioned-entries.ts';
import { type BroughtCredential, readCredential } from '../credentials/brought-credential.ts';
import { checkSoon } from '../health/check-queue.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { ownerFor, requirePersonalAllowed } from './connection-rights.ts';
import { connectionSubject, ensureOwnConnection, establishConnection } from './connections.ts';

export interface ConnectionInput {
  connectorId: string;
  /** Whose own connection it becomes, `me` for the caller's; the whole workspace's without it. */
  userId?: string | null;
  toolkitSlug?: string | null;
  /** How it is connected at a broker. */
  authConfigId?: string | null;
  credential?: BroughtCredential;
  /** The credential as it was sent; a broker’s toolkit says what is in it. */
  values?: Values;
}

export interface Created {
  connection: ConnectionRow;
  /** False when it was there already. */
  created: boolean;
}

/**
 * Connects an account without anybody's browser: the connector's own one where it needs no grant, else with a credential that is brought
 * along and proven at the service first. Doing it twice for the same account gives the one that is there.
 * @throws AppError forbidden, not_found, entry_disabled, invalid_input, unavailable when the service cannot be asked
 */
export async function createConnection(ctx: Ctx, input: ConnectionInput): Promise<Created> {
  const userId = await ownerFor(ctx, input.userId);
  const connector = await ctx.hub.db.asTenant(ctx.tenantId, (tx) => mustFind(tx, ctx, input.connectorId), {
    readOnly: true,
  });
  const target = asBroker(ctx, connector);
  if (target && input.toolkitSlug) {
    const { toolkitSlug, authConfigId, values } = input;
    return connectAccount(ctx, target, { userId, toolkitSlug, authConfigId, credential: values });
  }
  requireOwnToolkit(connector, input);
  const driver = driverFor(ctx, connector.catalog.key);
  const granted = driver.needsConnection(withoutSecrets(connector.auth));
  if (!granted) return createOwn(ctx, connector, { ...input, userId });
  requirePersonalAllowed(connector, userId);
  const credential = input.credential ?? (input.values && readCredential(input.values));
  if (!credential) throw invalid({ credential: [howToConnect(ctx, connector)] });
  return bring(ctx, { driver, connector, userId }, credential);
}

const howToConnect = ({ hub }: Ctx, { name }: ConnectorRow) =>
  `An account of ${name} is connected by a person: begin with POST ${hub.config.basePath}/api/connections/oauth/initiate, or send a credential.`;

async function createOwn(
  ctx: Ctx,
  { id, name }: ConnectorRow,
  { userId, credential, values }: ConnectionInput,
): Promise<Created> {
  const why = `${name} has one connection, which uses what is entered in its settings.`;
  if (userId) throw invalid({ user_id: [why] });
  if (credential ?? values) throw invalid({ credential: [why] });
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await mustFind(tx, ctx, id, { lock: true });
    await requireEnabled(tx, ctx, { id: connector.catalogId, name: connector.catalog.name }, 'connected');
    const found = await findOwnConnection(tx, ctx.tenantId, id);
    if (found) return { connection: found, created: false };
    const connection = await ensureOwnConnection(tx, ctx, connector);
    await recordAudit(tx, ctx, { action: 'connection.created', subject: connectionSubject(connection, connector) });
    await settleConnector(tx, ctx, connector);
    return { connection, created: true };
  });
}

interface Target {
  driver: LoadedDriver;
  connector: ConnectorRow;
  userId: string | null;
}

async function bring(ctx: Ctx, target: Target, credential: BroughtCredential): Promise<Created> {
  const granted = grantOf(credential);
  const account = await prove(ctx, target, granted);
  const scopes = account?.scopes ?? plainScopes(granted.scopes ?? []);
  const { driver, userId } = target;
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const connector = await mustFind(tx, ctx, target.connector.id, { lock: true });
    await requireEnabled(tx, ctx, { id: connector.catalogId, name: connector.catalog.name }, 'connected');
    requirePersonalAllowed(connector, userId);
    const { connection: before, created } = await establishConnection(tx, ctx, connector, {
      connectorId: connector.id,
      userId,
      toolkitSlug: null,
      externalAccountId: account?.externalId ?? null,
      accountLabel: account?.label ?? null,
      scopes,
    });
    // What works is not replaced by the way: that is what rotation is for.
    if (!created && ['active', 'inactive'].includes(before.status)) return { connection: before, created };
    const connection = await authorise(tx, ctx, before, { target: { driver, connector }, granted, account, scopes });
    const subject = connectionSubject(connection, connector);
    if (!created) await recordAudit(tx, ctx, { action: 'connection.reauthorized', subject });
    await settleConnector(tx, ctx, connector);
    await checkSoon(tx, ctx, connector.id);
    return { connection, created };
  });
}

function grantOf({ accessToken, refreshToken, expiresAt, scopes }: BroughtCredential): Granted {
  const expiresIn = expiresAt ? Math.floor((expiresAt.getTime() - Date.now()) / 1000) : null;
  if (expiresIn !== null && expiresIn <= 0)
    throw invalid({ 'credential.expires_at': ['This credential has ended already.'] });
  if (!fitsHeader(accessToken)) throw invalid({ 'credential.access_token': [`It ${unfitForHeader}. Copy it again.`] });
  const refresh = refreshToken ? { refresh_token: refreshToken } : {};
  return { value: { access_token: accessToken, token_type: 'Bearer', ...refresh }, scopes: scopes ?? null, expiresIn };
}

/** Asks the service whose credential it is; null where it cannot be asked. Nothing is stored before. */
async function prove(ctx: Ctx, { driver, connector }: Target, granted: Granted): Promise<Account | null> {
  const opened = await openTarget(ctx, { driver, connector, connection: null });
  const auth = { method: connector.auth.method, ...granted.value, scopes: granted.scopes ?? [] };
  const target = { driver, config: opened.config, auth, destinations: opened.destinations };
  try {
    const { value } = await callOpened(ctx, target, { sideEffect: 'none' }, async (context) =>
      driver.whoami?.(context),
    );
    return value ? plainAccount(value, secretsIn(driver, opened.config, auth)) : null;
  } catch (error) {
    if (error instanceof ServiceError && error.permanent) {
      const field = error.fault === 'credential' ? 'credential.access_token' : 'credential';
      throw invalid({ [field]: [error.message] }, `${connector.name} was not connected. ${error.message}`);
    }
    if (!(error instanceof ServiceError || error instanceof OutboundError)) throw error;
    const sentence = `${connector.catalog.name} could not be asked whose credential this is, so nothing was connected. ${error.message}`;
    throw new AppError('unavailable', sentence, { cause: error });
  }
}
