import { type Ctx, mayActAs, personOf } from '../../context.ts';
import type { Tx } from '../../db/client.ts';
import {
  selectBrokenConnections,
  selectEndingCredentials,
  selectSealedParts,
  selectUnrenewed,
} from '../../db/queries/attention.ts';
import { type ConnectorStanding, type StandingFilter, selectConnectorStandings } from '../../db/queries/connectors.ts';
import type { TenantKeys } from '../../vault/vault.ts';
import { findUnreadable, keysIfAny } from './connector-view.ts';

/** Why a connector needs somebody. */
export interface Attention {
  /**
   * `error`: nothing can be called through it; `secrets`: saved ones no longer open; `account`: one of its accounts was refused or does
   * not work; `ending`: what one of them works with ends within a week, and the hub cannot renew it.
   */
  cause: 'error' | 'secrets' | 'account' | 'ending';
  /** The connection that is to blame, if one is. */
  connectionId: string | null;
  /** For `ending`. */
  endsAt: Date | null;
}

const urgency: Record<Attention['cause'], number> = { error: 1, secrets: 2, account: 3, ending: 4 };

/** The lowest comes first; at most 8. */
export const urgencyOf = ({ cause }: Attention): number => urgency[cause];

/** Days before its end from which on a credential is told of. */
const daysAhead = 7;

/**
 * The one definition of what needs attention, by connector: the same for lists, filters, counters and cards. A connector that is
 * switched off needs nobody, unless its secrets are lost; members are told of accounts that they reach.
 * @param filter looks at one connector only, or says of all whether they are found
 * @returns beside it how each connector stands, and for those that have any the paths of saved secrets that no longer open
 */
export async function attentionIn(tx: Tx, ctx: Ctx, filter: StandingFilter = {}) {
  const [standings, keys, needy] = await Promise.all([
    selectConnectorStandings(tx, ctx.tenantId, filter),
    keysIfAny(ctx, tx),
    needyConnections(tx, ctx, filter.id),
  ]);
  const unreadable = await unreadableAmong(tx, ctx, keys, standings);
  const attention = new Map<string, Attention>();
  for (const { id, status } of standings) {
    const worst = status === 'inactive' ? undefined : needy.get(id);
    const found = { connectionId: worst?.connectionId ?? null, endsAt: null };
    if (status === 'error') attention.set(id, { cause: 'error', ...found });
    else if (unreadable.has(id)) attention.set(id, { cause: 'secrets', connectionId: null, endsAt: null });
    else if (worst?.cause) attention.set(id, { ...found, cause: worst.cause, endsAt: worst.endsAt });
  }
  return { standings, attention, unreadable };
}

const mostKnown = 10_000;
/** Connectors all of whose secrets have opened, as of which version: under the same data keys they always will, and need not be read. */
const versionsThatOpen = new WeakMap<TenantKeys, Map<string, string>>();

/** Opens the secrets of connectors that are not known to open, and keeps nothing of them. */
async function unreadableAmong(tx: Tx, ctx: Ctx, keys: TenantKeys | null, standings: ConnectorStanding[]) {
  const known = (keys && versionsThatOpen.get(keys)) ?? new Map<string, string>();
  const versions = new Map(standings.flatMap(({ id, version }) => (known.get(id) === version ? [] : [[id, version]])));
  if (!versions.size) return new Map<string, string[]>();
  const found = findUnreadable(ctx, keys, await selectSealedParts(tx, ctx.tenantId, [...versions.keys()]));
  if (known.size > mostKnown) known.clear();
  // One that changed since it was listed is known as of the older version, and so looked at again next time.
  for (const [id, paths] of found) if (!paths.length) known.set(id, versions.get(id) ?? '');
  if (keys) versionsThatOpen.set(keys, known);
  return new Map([...found].filter(([, paths]) => paths.length));
}

/** Why this connector needs somebody; null when it does not. */
export async function attentionTo(ctx: Ctx, connectorId: string): Promise<Attention | null> {
  const read = (tx: Tx) => attentionIn(tx, ctx, { id: connectorId });
  const { attention } = await ctx.hub.db.asTenant(ctx.tenantId, read, { readOnly: true });
  return attention.get(connectorId) ?? null;
}

interface Needy {
  connectionId: string;
  /** Null for one that was switched off: that alone needs nobody. */
  cause: 'account' | 'ending' | null;
  endsAt: Date | null;
}

/** For each connector the connection that needs somebody most: a broken one, else the first to end, else one that is switched off. */
async function needyConnections(tx: Tx, ctx: Ctx, connectorId?: string): Promise<Map<string, Needy>> {
  const reachableBy = mayActAs(ctx.actor, 'admin') ? null : personOf(ctx.actor);
  const filter = { reachableBy, connectorId };
  const [broken, ending] = await Promise.all([
    selectBrokenConnections(tx, ctx.tenantId, filter),
    selectEndingCredentials(tx, ctx.tenantId, daysAhead),
  ]);
  const ends = new Map(ending.map((each) => [each.connectionId, each.endsAt]));
  const unrenewed = ends.size ? await selectUnrenewed(tx, ctx.tenantId, [...ends.keys()], filter) : [];
  const found = new Map<string, Needy>();
  for (const { id, connectorId: under, status, health } of [...broken, ...unrenewed]) {
    const works = status === 'active' && health !== 'unhealthy';
    const cause = status === 'inactive' ? null : works ? 'ending' : 'account';
    const needy: Needy = { connectionId: id, cause, endsAt: works ? (ends.get(id) ?? null) : null };
    const before = found.get(under);
    if (!before || order(needy) < order(before)) found.set(under, needy);
  }
  return found;
}

const order = ({ cause, endsAt }: Needy): number =>
  cause === 'account' ? 0 : cause === 'ending' ? (endsAt?.getTime() ?? 1) : Number.POSITIVE_INFINITY;
