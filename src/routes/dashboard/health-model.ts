import { type Ctx, mayActAs } from '../../context.ts';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectorRow } from '../../db/queries/connectors.ts';
import type { Health } from '../../db/schema/index.ts';
import { type CheckedConnection, shownChecks } from '../../services/health-overview.ts';
import { withoutSecrets } from '../../services/secrets.ts';
import type { Bar, CardHealth, ConnectionHealth, Fix, HealthLine } from '../health-views.ts';

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

function lineOf({ connection, checks }: CheckedConnection): HealthLine {
  const [tone, word] = stateWords[connection.status] ?? [tones[connection.health], words[connection.health]];
  const made = checks.map(
    (check): Bar => ({ tone: tones[check.status], title: `${words[check.status]}: ${check.message}` }),
  );
  const missing = Array.from(
    { length: Math.max(0, shownChecks - made.length) },
    (): Bar => ({ tone: 'none', title: '' }),
  );
  return {
    tone,
    word,
    checkedAt: connection.healthCheckedAt,
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
  ] as const;
  const bad = parts.flatMap(([n, what]) => (n ? `${n} ${what}` : []));
  return `Last ${made.length === 1 ? 'check' : `${made.length} checks`}: ${bad.length ? bad.join(', ') : 'all healthy'}`;
}

const isBroken = ({ connection: { status, health } }: CheckedConnection) =>
  ['expired', 'failed', 'revoked'].includes(status) || (status === 'active' && health === 'unhealthy');

/** The card tells about the connection that needs somebody, else about the first one; null where nothing is connected. */
export function cardHealth(ctx: Ctx, row: ConnectorRow, all: CheckedConnection[] = []): CardHealth | null {
  const broken = all.find(isBroken);
  const shown = broken ?? all.find(({ connection }) => connection.status === 'active') ?? all[0];
  if (!shown) return null;
  const line = lineOf(shown);
  const paused = row.status === 'inactive';
  const others = all.length > 1 ? ` · ${all.length} accounts` : '';
  const { accountLabel, nextCheckAt, health } = shown.connection;
  const account = accountLabel && line.tone !== 'bad' ? `Signed in as ${accountLabel}${others}` : '';
  const recently = nextCheckAt !== null && Math.abs(nextCheckAt.getTime() - Date.now()) < 120_000;
  return {
    ...line,
    ...(paused && { tone: 'none' as const, word: 'Checks paused' }),
    // What is wrong with the connector stands above it already.
    text:
      row.status === 'error'
        ? ''
        : line.tone === 'ok' && account
          ? limited(shown.connection, account)
          : line.text || account,
    attention: !paused && broken !== undefined,
    fix: broken && !paused ? fixOf(ctx, row, broken.connection) : null,
    soon: !paused && health === 'unknown' && recently,
  };
}

const limited = ({ rateLimit }: ConnectionRow, account: string) =>
  rateLimit ? `${account} · ${left(rateLimit)}` : account;

const left = ({ remaining, limit }: { remaining: number; limit: number }) =>
  `${remaining.toLocaleString('en')} of ${limit.toLocaleString('en')} left`;

function fixOf(ctx: Ctx, row: ConnectorRow, connection: ConnectionRow): Fix | null {
  const { actor, hub } = ctx;
  const own = connection.userId !== null && connection.userId === actor.id;
  if (!own && !mayActAs(actor, 'admin')) return null;
  const check: Fix = { kind: 'check', tenantId: row.tenantId, connectionId: connection.id };
  if (connection.status === 'active') return check;
  const driver = hub.drivers.get(row.catalog.key);
  if (!driver?.oauth || !driver.needsConnection(withoutSecrets(row.auth))) return { kind: 'edit' };
  return {
    kind: 'reconnect',
    form: { tenantId: row.tenantId, connectorId: row.id, connectionId: connection.id, user: '' },
  };
}

/** The connections of a connector, on its page. */
export const connectionHealths = (ctx: Ctx, row: ConnectorRow, all: CheckedConnection[] = []): ConnectionHealth[] =>
  all.map((each) => {
    const { connection } = each;
    const { rateLimit } = connection;
    return {
      ...lineOf(each),
      id: connection.id,
      tenantId: row.tenantId,
      name: connection.accountLabel ?? row.name,
      limit: rateLimit ? left(rateLimit) : '',
      limitResetsAt: rateLimit ? new Date(rateLimit.resets_at) : null,
      lastUsedAt: connection.lastUsedAt,
      on: connection.status !== 'inactive',
      switchable: connection.status !== 'revoked',
      mine: mayActAs(ctx.actor, 'admin') || (connection.userId !== null && connection.userId === ctx.actor.id),
    };
  });
