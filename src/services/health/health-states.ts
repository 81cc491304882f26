import { randomInt } from 'node:crypto';
import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectionStatus, Health } from '../../db/schema/index.ts';
import { movedBy } from '../brokers/account-standing.ts';
import type { CheckOutcome } from './health-steps.ts';

export interface Judgement {
  health: Health;
  healthFailures: number;
  status: ConnectionStatus;
  statusReason: string | null;
}

/** Failures in a row after which a connection counts as degraded, and as unhealthy. */
const patience = { degraded: 2, unhealthy: 3 };

/**
 * What a check makes of a connection. A refused credential counts at once, as no waiting mends it; everything else may pass, so it has
 * to repeat itself. One check that passes heals.
 */
export function judge(connection: ConnectionRow, outcome: CheckOutcome): Judgement {
  const { status, statusReason } = outcome.standing ? movedBy(connection, outcome.standing) : connection;
  if (outcome.verdict !== 'failed') {
    const healed = status === 'expired' || status === 'failed';
    return {
      health: outcome.verdict === 'warned' ? 'degraded' : 'healthy',
      healthFailures: 0,
      status: healed ? 'active' : status,
      statusReason: healed ? null : statusReason,
    };
  }
  const healthFailures = connection.healthFailures + 1;
  if (outcome.credentialRefused)
    return {
      health: 'unhealthy',
      healthFailures,
      status: status === 'active' && !outcome.standing ? 'expired' : status,
      statusReason: outcome.standing ? statusReason : outcome.message,
    };
  const health =
    healthFailures >= patience.unhealthy
      ? 'unhealthy'
      : healthFailures >= patience.degraded
        ? 'degraded'
        : connection.health;
  return { health, healthFailures, status, statusReason };
}

/** Minutes until the next check: soon while it fails, later the longer it does, an hour at most. */
const minutes = { healthy: 15, failing: [1, 2, 5, 15, 30, 60] };

/** When to look again; spread by a fifth, so that what was installed together is not checked together. */
export function nextCheck(failures: number, now = new Date()): Date {
  const { failing } = minutes;
  const after = failures === 0 ? minutes.healthy : (failing[Math.min(failures, failing.length) - 1] ?? minutes.healthy);
  return new Date(now.getTime() + after * 60 * randomInt(800, 1200));
}
