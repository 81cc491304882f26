import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Database } from './db/client.ts';
import type { KeyLimits } from './db/schema/index.ts';
import type { DriverRegistry } from './drivers/index.ts';
import { AppError } from './errors.ts';
import type { Outbound } from './lib/outbound/outbound.ts';
import { type Role, roles } from './lib/role.ts';
import type { Vault } from './vault/vault.ts';

/** Who acts. The name is kept beside the id in audit rows, so that history reads well after an account is gone. */
export interface Actor {
  type: 'user' | 'api_key' | 'system';
  /** The user's or the key's id; null for the system itself. */
  id: string | null;
  name: string;
  role: Role;
  /** Who made the key, for whom it acts. */
  makerId?: string;
  /** The only connector that a key may ask language models through; null or left out for any. */
  modelConnectorId?: string | null;
  /** What a key’s calls are limited to. */
  limits?: KeyLimits;
}

/** What every verb may reach. Made once in server.ts, and in tests. */
export interface Hub {
  config: Config;
  db: Database;
  vault: Vault;
  drivers: DriverRegistry;
  outbound: Outbound;
  log: Logger;
}

/** The first argument of every service verb. */
export interface Ctx {
  hub: Hub;
  tenantId: string;
  actor: Actor;
  requestId: string;
  /** The caller's address as the server sees it; null for jobs. */
  ip: string | null;
  log: Logger;
}

const rank = (role: Role) => roles.indexOf(role);

/** Throws 403 unless the actor has at least this role. `to` completes the sentence, e.g. "install connectors". */
export function requireRole(ctx: Ctx, role: Role, to: string): void {
  if (rank(ctx.actor.role) >= rank(role)) return;
  throw new AppError(
    'forbidden',
    `Only ${role === 'admin' ? 'owners and admins' : 'owners'} can ${to}. Ask one of them.`,
  );
}

/** Throws 403 for a program: what concerns people and keys is done by a person who is signed in. */
export function requirePerson(ctx: Ctx, to: string): void {
  if (ctx.actor.type !== 'api_key') return;
  throw new AppError('forbidden', `An API key cannot ${to}. Sign in, and do it as a person.`);
}

/** The one of two roles that may do less. */
export const lowerRole = (a: Role, b: Role): Role => (rank(a) <= rank(b) ? a : b);

/** The person behind an actor: a key acts for who made it; null for the hub itself. */
export const personOf = ({ type, id, makerId }: Actor): string | null => (type === 'api_key' ? (makerId ?? null) : id);

/** The columns that say who made a row. */
export const madeBy = ({ actor }: Pick<Ctx, 'actor'>) => ({ createdBy: actor.id, createdByName: actor.name });

/** The columns that say who changed it last; whoever makes a row is that as well. */
export const changedBy = ({ actor }: Pick<Ctx, 'actor'>) => ({ updatedBy: actor.id, updatedByName: actor.name });

/** True when the actor may do what the role may do; for views that show a disabled action with the reason. */
export const mayActAs = (actor: Actor, role: Role): boolean => rank(actor.role) >= rank(role);

/** The roles that the actor may give, from the one that may do least. */
export const rolesUpTo = ({ role }: Actor): Role[] => roles.slice(0, rank(role) + 1);
