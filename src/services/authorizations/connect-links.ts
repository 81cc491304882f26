import { v7 as uuidv7 } from 'uuid';
import { type Ctx, madeBy, requireRole } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  type AuthorizationRequestRow,
  insertAuthorizationRequest,
  requestOfLink,
} from '../../db/queries/authorization-requests.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { AppError, type FieldErrors, invalid } from '../../errors.ts';
import { recordAudit } from '../audit.ts';
import { linkPath } from '../connections/connection-addresses.ts';
import { mustFindConnection } from '../connections/connections.ts';
import { mustFind, subject } from '../connectors/connectors.ts';
import { requireEnabled } from '../connectors/provisioned-entries.ts';
import { type Consent, consentFor, sendOff } from './authorization-start.ts';
import { findRequest, type Visit } from './authorization-visit.ts';
import { oauthDriver, openTokenTarget } from './authorizations.ts';
import { hashOf, newSecret } from './binding-cookie.ts';

export interface ConnectLinkInput {
  connectorId: string;
  /** Whom it is for, in words: they and the history read it. */
  label: string;
  /** The workspace's connection that they may authorise anew; without it they connect a new account. */
  connectionId?: string | null;
}

export interface ConnectLink {
  request: AuthorizationRequestRow;
  /** The full address. It is told once: the hub keeps its hash. */
  url: string;
}

/** Seconds in which the link has to be opened. */
const lifetime = 60 * 60;

/**
 * A link with which somebody without an account connects one account to one connector, for the whole workspace, once.
 * @throws AppError forbidden, not_found, entry_disabled, conflict without an OAuth application, invalid_input
 */
export async function createConnectLink(ctx: Ctx, input: ConnectLinkInput): Promise<ConnectLink> {
  requireRole(ctx, 'admin', 'make connect links');
  const label = checkedLabel(input.label);
  const find = async (tx: Tx) => {
    const connector = await mustFind(tx, ctx, input.connectorId);
    await requireEnabled(tx, ctx, { id: connector.catalogId, name: connector.catalog.name }, 'connected');
    oauthDriver(ctx, connector);
    return {
      connector,
      connection: input.connectionId ? await renewable(tx, ctx, connector, input.connectionId) : null,
    };
  };
  const { connector, connection } = await ctx.hub.db.asTenant(ctx.tenantId, find, { readOnly: true });
  await openTokenTarget(ctx, connector); // says early when no application is there
  const token = newSecret();
  return ctx.hub.db.asTenant(ctx.tenantId, async (tx) => {
    const request = await insertAuthorizationRequest(
      tx,
      {
        tenantId: ctx.tenantId,
        id: uuidv7(),
        connectorId: connector.id,
        connectionId: connection?.id ?? null,
        toolkitSlug: connection?.toolkitSlug ?? null,
        linkHash: hashOf(token),
        guestLabel: label,
        ...madeBy(ctx),
        createdByType: ctx.actor.type,
      },
      lifetime,
    );
    await recordAudit(tx, ctx, {
      action: 'connect_link.created',
      subject: subject(connector),
      details: { changed: [`for ${label}`] },
    });
    return { request, url: `${ctx.hub.config.baseUrl}${linkPath(token)}` };
  });
}

/** Nobody's own account is put into the hands of somebody else. */
async function renewable(tx: Tx, ctx: Ctx, connector: ConnectorRow, id: string): Promise<ConnectionRow> {
  const connection = await mustFindConnection(tx, ctx, id);
  if (connection.connectorId === connector.id && connection.userId === null) return connection;
  throw invalid({ connection_id: [`Name a connection of ${connector.name} that is the whole workspace’s.`] });
}

function checkedLabel(text: string): string {
  const label = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  const errors: FieldErrors =
    label && label.length <= 100 ? {} : { label: ['Say whom the link is for, in 1 to 100 characters.'] };
  if (Object.keys(errors).length) throw invalid(errors);
  return label;
}

/** What the guest is asked to agree to. @throws AppError not_found for a link that is none, Refusal */
export async function lookAtLink(visit: Visit, token: string): Promise<Consent> {
  const found = await requestOfLink(visit.hub.db.system, hashOf(token));
  const request = found && (await findRequest(visit.hub, found.id));
  if (!request?.linkHash) throw noLink();
  return consentFor(visit, request);
}

/** For somebody without an account here: only whoever sent the link can help. */
const noLink = () =>
  new AppError('not_found', 'There is no such link. Check that it is complete, or ask whoever sent it for a new one.');

/** The guest agreed: the link now belongs to this browser. @throws AppError not_found, Refusal */
export const startLink = async (visit: Visit, token: string): Promise<{ url: URL; setCookie: string }> =>
  sendOff(visit, await lookAtLink(visit, token));
