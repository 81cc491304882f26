import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { Health } from '../../db/schema/index.ts';
import { asBroker } from '../../services/brokers/brokers.ts';
import type { Attention } from '../../services/connectors/attention.ts';
import { type CheckedConnection, pausesOf, shownChecks } from '../../services/health/health-overview.ts';
import { withoutSecrets } from '../../services/secrets/secrets.ts';
import { paths } from '../paths.ts';
import type { Bar, ConnectionHealth, Ending, Fix, HealthLine } from '../view-models/health.ts';

type Tone = HealthLine['tone'];

const tones: Record<Health, Tone> = { healthy: 'ok', degraded: 'warn', unhealthy: 'bad', unknown: 'none' };
const words: Record<Health, string> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  unknown: 'Not checked yet',
};

/** What a connection is, before anything that its checks say. */
const stateWords: Partial<Record<ConnectionRow['status'], [Tone, string]>> = {
  expired: ['bad', 'Authorisation expired'],
  failed: ['bad', 'Authorisation failed'],
  revoked: ['bad', 'Access ended'],
  inactive: ['none', 'Switched off'],
  initiated: ['none', 'Not authorised yet'],
};

/** Of a check that was made: one that came to nothing leaves open how it is. */
const madeWords: Record<Health, string> = { ...words, unknown: 'Not known' };

const wordOf = ({ health, healthMessage }: ConnectionRow): string => (healthMessage ? madeWords : words)[health];

function lineOf({ connection, checks }: CheckedConnection): HealthLine {
  const [tone, word] = stateWords[connection.status] ?? [tones[connection.health], wordOf(connection)];
  const made = checks.map(
    (check): Bar => ({ tone: tones[check.status], title: `${madeWords[check.status]}: ${check.message}` }),
  );
  const missing = Array.from(
    { length: Math.max(0, shownChecks - made.length) },
    (): Bar => ({ tone: 'none', title: '' }),
  );
  return {
    tone,
    word,
    // Connected anew, it is unchecked again: the time would be that of a check before.
    checkedAt: connection.health === 'unknown' && connection.status === 'active' ? null : connection.healthCheckedAt,
    text: connection.statusReason ?? connection.healthMessage ?? '',
    bars: [...missing, ...made],
    told: toldOf(made),
  };
}

function toldOf(made: Bar[]): string {
  if (!made.length) return 'No checks yet';
  const count = (tone: Tone) => made.filter((bar) => bar.tone === tone).length;
  const parts = [
    [count('bad'), 'failed'],
    [count('warn'), 'with warnings'],
    [count('none'), 'without an answer'],
  ] as const;
  const bad = parts.flatMap(([n, what]) => (n ? `${n} ${what}` : []));
  return `Last ${made.length === 1 ? 'check' : `${made.length} checks`}: ${bad.length ? bad.join(', ') : 'all healthy'}`;
}

/** The card tells about the connection that needs somebody, else about the first one; undefined where nothing is connected. */
const shownOf = (all: CheckedConnection[], attention: Attention | null | undefined): CheckedConnection | undefined =>
  all.find(({ connection }) => connection.id === attention?.connectionId) ??
  all.find(({ connection }) => connection.status === 'active') ??
  all[0];

export function cardHealth(
  row: ConnectorRow,
  all: CheckedConnection[],
  attention: Attention | null,
): HealthLine | null {
  const shown = shownOf(all, attention);
  if (!shown) return null;
  const line = lineOf(shown);
  const others = all.length > 1 ? ` · ${all.length} accounts` : '';
  const { accountLabel } = shown.connection;
  const account = accountLabel && line.tone !== 'bad' ? `Signed in as ${accountLabel}${others}` : '';
  return {
    ...line,
    ...(row.status === 'inactive' && { tone: 'none' as const, word: 'Checks paused' }),
    // What is wrong with the connector stands above it already.
    text:
      row.status === 'error'
        ? ''
        : line.tone === 'ok' && account
          ? limited(shown.connection, account)
          : line.text || account,
  };
}

/** Whether the first check is about to be made. */
export function isCheckedSoon(
  row: ConnectorRow,
  all: CheckedConnection[] = [],
  attention: Attention | null | undefined,
): boolean {
  const connection = shownOf(all, attention)?.connection;
  if (!connection?.nextCheckAt || connection.health !== 'unknown' || row.status === 'inactive') return false;
  return Math.abs(connection.nextCheckAt.getTime() - Date.now()) < 120_000;
}

/** Whose access ends soon. */
export function endingOf(
  row: ConnectorRow,
  { connectionId, endsAt }: Attention,
  all: CheckedConnection[],
): Ending | null {
  const found = all.find(({ connection }) => connection.id === connectionId);
  return found && endsAt
    ? { account: found.connection.accountLabel ?? row.name, at: endsAt, over: endsAt.getTime() < Date.now() }
    : null;
}

const limited = ({ rateLimit }: ConnectionRow, account: string) =>
  rateLimit ? `${account} · ${left(rateLimit)}` : account;

const left = ({ remaining, limit }: { remaining: number; limit: number }) =>
  `${remaining.toLocaleString('en')} of ${limit.toLocaleString('en')} left`;

/** What mends it; null when nobody here can, or connecting an account is all there is to do. */
export function fixOf(ctx: Ctx, row: ConnectorRow, { connectionId }: Attention, all: CheckedConnection[]): Fix | null {
  const connection = all.find((each) => each.connection.id === connectionId)?.connection;
  if (!connection) return null;
  const { actor, hub } = ctx;
  const admin = mayActAs(actor, 'admin');
  if (!admin && (connection.userId === null || connection.userId !== actor.id)) return null;
  const about = { tenantId: row.tenantId, connectionId: connection.id };
  if (connection.status === 'inactive') return { kind: 'switch-on', ...about };
  if (connection.status === 'active' && connection.health === 'unhealthy') return { kind: 'check', ...about };
  if (connection.authConfigId && connection.toolkitSlug)
    return { kind: 'toolkit', path: paths.toolkit(row.id, connection.toolkitSlug) };
  const driver = hub.drivers.get(row.catalog.key);
  if (driver?.oauth && driver.needsConnection(withoutSecrets(row.auth)))
    return { kind: 'reconnect', form: { ...about, connectorId: row.id, user: '' } };
  if (connection.status === 'active') return admin ? { kind: 'rotate', connectionId: connection.id } : null;
  return { kind: 'edit' };
}

/** A connection, on its connector's page. */
export function connectionHealth(ctx: Ctx, row: ConnectorRow, each: CheckedConnection): ConnectionHealth {
  const { connection } = each;
  const { rateLimit } = connection;
  const resetsAt = rateLimit ? new Date(rateLimit.resets_at) : null;
  return {
    ...lineOf(each),
    id: connection.id,
    tenantId: row.tenantId,
    name: connection.accountLabel ?? row.name,
    limit: rateLimit ? left(rateLimit) : '',
    limitResetsAt: resetsAt && resetsAt.getTime() > Date.now() ? resetsAt : null,
    lastUsedAt: connection.lastUsedAt,
    pause: pausesOf(ctx, row)[0] ?? null,
    on: connection.status !== 'inactive',
    switchable: isSwitchable(ctx, row, connection),
    granted: isAccount(ctx, row, connection),
    mine: mayActAs(ctx.actor, 'admin') || (connection.userId !== null && connection.userId === ctx.actor.id),
  };
}

/** What a file or the environment entered is not switched off by people; what they switched off before it did, they switch on again. */
const isSwitchable = (ctx: Ctx, row: ConnectorRow, connection: ConnectionRow): boolean =>
  connection.status !== 'revoked' &&
  (!row.managedBy || connection.status === 'inactive' || isAccount(ctx, row, connection));

/** Not the broker’s own key, and not what whoever manages the connector entered: those end with it. */
function isAccount(ctx: Ctx, row: ConnectorRow, { authConfigId }: ConnectionRow): boolean {
  if (authConfigId) return true;
  if (row.managedBy) return ctx.hub.drivers.get(row.catalog.key)?.needsConnection(withoutSecrets(row.auth)) ?? true;
  return asBroker(ctx, row) === null;
}
