import type { Ctx } from '../../context.ts';
import type { Values } from '../../drivers/driver.ts';
import { initiateAuthorization, type StartedAuthorization } from '../authorizations/authorizations.ts';
import { type Created, createConnection } from '../connections/connection-creation.ts';
import { mustFindBrokered } from './toolkit-lookup.ts';

export interface AccountInput {
  /** Of a broker's connector, where there are several. */
  connectorId?: string;
  /** Whose own account it becomes, `me` for the caller's; the whole workspace's without it. */
  userId?: string | null;
  authConfigId?: string | null;
  /** What somebody entered, for toolkits that are connected by values; without it a person has to agree on a page. */
  credential?: Values;
  /** Where the browser goes in the end: a path of this hub. */
  returnTo?: string | null;
}

/**
 * Connects an account of a broker's toolkit: at once by what was entered, or by a page that a person opens.
 * @param slug as GET /api/toolkits names it
 * @throws AppError not_found, forbidden, invalid_input, unavailable, outcome_unknown
 */
export async function initiateConnectedAccount(
  ctx: Ctx,
  slug: string,
  { connectorId, credential, returnTo, ...about }: AccountInput,
): Promise<Created | StartedAuthorization> {
  const { target, toolkit } = await mustFindBrokered(ctx, slug, connectorId);
  const account = { ...about, connectorId: target.connector.id, toolkitSlug: toolkit };
  return credential
    ? createConnection(ctx, { ...account, values: credential })
    : initiateAuthorization(ctx, { ...account, returnTo });
}
