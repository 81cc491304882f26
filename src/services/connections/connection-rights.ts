import { type Ctx, personOf, requireRole } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import { holdMembership } from '../../db/queries/members.ts';
import { AppError, invalid } from '../../errors.ts';
import { requireUnmanaged } from '../connectors/managed.ts';
import { withMembers } from '../people/with-members.ts';
import { withoutSecrets } from '../secrets/secrets.ts';

/**
 * Everybody decides about their own connections, and admins about all.
 * @param to completes the sentence, e.g. "disconnect accounts of the workspace"
 * @throws AppError forbidden
 */
export function requireDecision(ctx: Ctx, { userId }: Pick<ConnectionRow, 'userId'>, to: string): void {
  if (userId === null || userId !== personOf(ctx.actor)) requireRole(ctx, 'admin', to);
}

/**
 * What people granted is theirs to stop, through a broker too; what was entered belongs to who manages the connector.
 * @throws AppError managed
 */
export function requireStoppable({ hub }: Ctx, { authConfigId }: ConnectionRow, connector: ConnectorRow): void {
  if (authConfigId || hub.drivers.get(connector.catalog.key)?.needsConnection(withoutSecrets(connector.auth))) return;
  requireUnmanaged(connector);
}

/**
 * Whose connection it is to become: `me` is the caller, nobody the whole workspace.
 * @throws AppError forbidden, invalid_input for somebody who is no member
 */
export async function ownerFor(ctx: Ctx, wanted: string | null | undefined): Promise<string | null> {
  const person = personOf(ctx.actor);
  const userId = wanted === 'me' ? person : (wanted ?? null);
  if (userId === null) requireRole(ctx, 'admin', 'connect accounts for the whole workspace');
  else if (userId !== person) requireRole(ctx, 'admin', 'connect accounts for other people');
  if (userId !== null && userId !== person) await requireMember(ctx, userId);
  return userId;
}

async function requireMember(ctx: Ctx, userId: string): Promise<void> {
  if (await withMembers(ctx, (tx) => holdMembership(tx, ctx.tenantId, userId))) return;
  throw invalid({ user_id: ['Nobody in this workspace has this id.'] });
}

/** @throws AppError forbidden for a connector that is for accounts of the whole workspace only */
export function requirePersonalAllowed({ name, auth }: ConnectorRow, userId: string | null): void {
  if (userId === null || auth.personal_accounts === true) return;
  throw new AppError(
    'forbidden',
    `${name} is for accounts of the whole workspace. An owner or admin can allow members’ own accounts in its settings.`,
  );
}
