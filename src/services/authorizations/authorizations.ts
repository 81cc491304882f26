import { v7 as uuidv7 } from 'uuid';
import { type Ctx, madeBy, personOf, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import { type AuthorizationRequestRow, insertAuthorizationRequest } from '../../db/queries/authorization-requests.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { LoadedDriver, OAuthProvider } from '../../drivers/driver.ts';
import { invalid } from '../../errors.ts';
import { sameOriginPath } from '../../lib/same-origin-path.ts';
import { recordAudit } from '../audit.ts';
import { requestAccount } from '../brokers/account-authorizations.ts';
import { asBroker, requireOwnToolkit } from '../brokers/brokers.ts';
import { openTarget } from '../calls/opened-targets.ts';
import { startPath } from '../connections/connection-addresses.ts';
import { ownerFor, requirePersonalAllowed } from '../connections/connection-rights.ts';
import { mustFindConnection } from '../connections/connections.ts';
import { driverFor, mustFind, subject } from '../connectors/connectors.ts';
import { requireEnabled } from '../connectors/provisioned-entries.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { registrationOf, type TokenTarget } from './token-endpoint.ts';

export interface AuthorizationInput {
  connectorId: string;
  /** Whose own connection it becomes, `me` for the caller's; the whole workspace's without it. */
  userId?: string | null;
  toolkitSlug?: string | null;
  /** How it is to be connected at a broker; the way that the toolkit offers by itself without it. */
  authConfigId?: string | null;
  /** The connection to authorise anew, in place. */
  connectionId?: string | null;
  /** Where the browser goes in the end: a path of this hub. */
  returnTo?: string | null;
}

export interface StartedAuthorization {
  request: AuthorizationRequestRow;
  connector: ConnectorRow;
  /** Our own page that asks for sign-in and consent, as a full address. */
  redirectUrl: string;
}

/** Seconds in which somebody has to open the start page. */
const patience = 30 * 60;

/**
 * Begins an authorisation; nothing is asked from the service before a person goes on at the start page.
 * @throws AppError forbidden, not_found, entry_disabled, conflict without an OAuth application, invalid_input
 */
export async function initiateAuthorization(ctx: Ctx, input: AuthorizationInput): Promise<StartedAuthorization> {
  const person = personOf(ctx.actor);
  const userId = input.connectionId ? null : await ownerFor(ctx, input.userId);
  const returnTo = checkedReturn(ctx, input.returnTo);
  const read = (tx: Tx) => findTarget(tx, ctx, input, { userId, person });
  const { connector, connection } = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  const target = asBroker(ctx, connector);
  if (target) {
    const { toolkitSlug = null, authConfigId = null } = input;
    const request = await requestAccount(
      ctx,
      target,
      { connection, userId, toolkitSlug, authConfigId, returnTo },
      patience,
    );
    return { request, connector, redirectUrl: `${ctx.hub.config.baseUrl}${startPath(request.id)}` };
  }
  requireOwnToolkit(connector, input);
  await openTokenTarget(ctx, connector); // says early when no application is there
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const request = await insertAuthorizationRequest(
      tx,
      {
        tenantId: ctx.tenantId,
        id: uuidv7(),
        connectorId: connector.id,
        connectionId: connection?.id ?? null,
        userId: connection ? connection.userId : userId,
        toolkitSlug: connection?.toolkitSlug ?? null,
        returnTo,
        ...madeBy(ctx),
        createdByType: ctx.actor.type,
      },
      patience,
    );
    await recordAudit(tx, ctx, { action: 'authorization.requested', subject: subject(connector) });
    return { request, connector, redirectUrl: `${ctx.hub.config.baseUrl}${startPath(request.id)}` };
  });
}

/** Only our own pages: whoever is sent back by us trusts where they land. */
function checkedReturn({ hub }: Ctx, returnTo: string | null | undefined): string | null {
  if (returnTo === undefined || returnTo === null) return null;
  const path = sameOriginPath(returnTo, '');
  if (path?.startsWith(`${hub.config.basePath}/`)) return path;
  throw invalid({ return_to: [`Give a path of this hub, such as ${hub.config.basePath}/installed.`] });
}

async function findTarget(
  tx: Tx,
  ctx: Ctx,
  { connectorId, connectionId }: AuthorizationInput,
  { userId, person }: { userId: string | null; person: string | null },
) {
  const connector = await mustFind(tx, ctx, connectorId);
  await requireEnabled(tx, ctx, { id: connector.catalogId, name: connector.catalog.name }, 'connected');
  const brokered = asBroker(ctx, connector) !== null;
  if (!brokered) oauthDriver(ctx, connector);
  const connection = connectionId ? await reconnectable(tx, ctx, connector, { id: connectionId, person }) : null;
  if (!brokered) requirePersonalAllowed(connector, userId);
  return { connector, connection };
}

/** Whoever may go on with a connection of their own, or is an admin, may authorise it anew. */
async function reconnectable(
  tx: Tx,
  ctx: Ctx,
  connector: ConnectorRow,
  { id, person }: { id: string; person: string | null },
): Promise<ConnectionRow> {
  const connection = await mustFindConnection(tx, ctx, id);
  if (connection.connectorId !== connector.id)
    throw invalid({ connection_id: ['This connection belongs to another connector.'] });
  if (connection.userId === null || connection.userId !== person)
    requireRole(ctx, 'admin', 'reconnect accounts of the workspace');
  return connection;
}

/**
 * The driver of a connector whose accounts people authorise.
 * @throws AppError invalid_input for one that is set up in another way
 */
export function oauthDriver(ctx: Ctx, connector: ConnectorRow): LoadedDriver & { oauth: OAuthProvider } {
  const driver = driverFor(ctx, connector.catalog.key);
  if (driver.oauth && driver.needsConnection(withoutSecrets(connector.auth)))
    return driver as LoadedDriver & { oauth: OAuthProvider };
  throw invalid({
    connector_id: [`${connector.name} needs no authorisation: what it uses is entered in its settings.`],
  });
}

/** Everything for asking the connector's token endpoint, opened. @throws AppError conflict, invalid_input */
export async function openTokenTarget(ctx: Ctx, connector: ConnectorRow): Promise<TokenTarget> {
  const driver = oauthDriver(ctx, connector);
  const opened = await openTarget(ctx, { driver, connector, connection: null });
  return { driver, connector, opened, registration: await registrationOf(ctx, driver, connector, opened) };
}
