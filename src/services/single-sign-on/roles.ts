import type { SingleSignOnConfig } from '../../config/single-sign-on.ts';
import { type Ctx, type Hub, lowerRole } from '../../context.ts';
import { selectMemberships, selectTenantsBySlug } from '../../db/queries/single-sign-on.ts';
import { AppError } from '../../errors.ts';
import type { Role } from '../../lib/role.ts';
import { addMember, changeRole, removeMember } from '../people/members.ts';
import { systemCtx } from '../system.ts';

/** The role that a person's groups give them in each workspace, by its slug. */
export type GrantedRoles = ReadonlyMap<string, Role>;

interface Asking {
  person: { id: string; name: string };
  requestId: string;
  ip: string | null;
}

/** Of several groups for one workspace the highest role counts. */
export function grantedRoles(roles: NonNullable<SingleSignOnConfig['roles']>, groups: string[]): GrantedRoles {
  const granted = new Map<string, Role>();
  for (const { workspace, role } of groups.flatMap((group) => roles.get(group) ?? [])) {
    const before = granted.get(workspace);
    if (!before || lowerRole(before, role) === before) granted.set(workspace, role);
  }
  return granted;
}

/** The slugs of all workspaces that groups decide about. */
export const managedWorkspaces = ({ roles }: Pick<SingleSignOnConfig, 'roles'>): string[] => [
  ...new Set([...(roles?.values() ?? [])].flat().map(({ workspace }) => workspace)),
];

/**
 * Makes the person's memberships in every workspace that OIDC_ROLES names what their groups say; others stay as they are.
 * The last owner of a workspace stays its owner.
 */
export async function applyRoles(hub: Hub, granted: GrantedRoles, asking: Asking): Promise<void> {
  const { singleSignOn } = hub.config;
  const managed = singleSignOn ? managedWorkspaces(singleSignOn) : [];
  if (!managed.length) return;
  const tenants = await selectTenantsBySlug(hub.db.system, managed);
  const unknown = managed.filter((slug) => !tenants.some((tenant) => tenant.slug === slug));
  if (unknown.length) hub.log.warn({ workspaces: unknown }, 'OIDC_ROLES names workspaces that do not exist');
  const memberships = await selectMemberships(hub.db.system, asking.person.id);
  for (const { id, slug } of tenants)
    await settle(hubCtx(hub, id, asking), asking.person, memberships.get(id), granted.get(slug));
}

async function settle(
  ctx: Ctx,
  person: Asking['person'],
  member: { id: string; role: Role } | undefined,
  wanted: Role | undefined,
): Promise<void> {
  if (member?.role === wanted) return;
  try {
    if (!member && wanted) await addMember(ctx, person, wanted);
    else if (member && wanted) await changeRole(ctx, member.id, wanted);
    else if (member) await removeMember(ctx, member.id);
  } catch (error) {
    // Somebody else was faster, or this is the last owner.
    if (!(error instanceof AppError) || !['conflict', 'not_found'].includes(error.code)) throw error;
    ctx.log.warn({ user_id: person.id, wanted: wanted ?? 'none' }, 'a role of the provider was not applied');
  }
}

/** The provider's word is the hub's own act, in the trail under the provider's name. */
function hubCtx(hub: Hub, tenantId: string, { requestId, ip }: Asking): Ctx {
  const ctx = systemCtx(hub, tenantId, 'single-sign-on');
  const name = hub.config.singleSignOn?.name ?? ctx.actor.name;
  return { ...ctx, actor: { ...ctx.actor, name }, requestId, ip };
}
