import type { ConnectionRow } from '../../db/queries/connections.ts';
import type { ConnectionStatus } from '../../db/schema/index.ts';
import type { BrokerAccount } from '../../drivers/driver.ts';

/** How an account stands at its broker, in our words. */
export interface Standing {
  status: ConnectionStatus;
  /** Why it cannot be used; null when it can. */
  reason: string | null;
}

const sentences: Record<Exclude<BrokerAccount['status'], 'active'>, string> = {
  initiated: 'has not been connected to the end',
  failed: 'could not be connected',
  expired: 'has expired',
  inactive: 'is switched off',
  revoked: 'was revoked',
};

/** What the broker says, with its own reason where it gives one. */
export function standingOf({ status, reason }: Pick<BrokerAccount, 'status' | 'reason'>, broker: string): Standing {
  if (status === 'active') return { status, reason: null };
  const said = reason ? `: ${reason.replace(/[.]$/, '')}` : '';
  const way = status === 'inactive' ? 'Switch it on.' : 'Connect it again.';
  return { status, reason: `The account ${sentences[status]} at ${broker}${said}. ${way}` };
}

export const goneStanding = (broker: string): Standing => ({
  status: 'revoked',
  reason: `The account was deleted at ${broker}. Connect it again.`,
});

/**
 * What a connection becomes by that. What a person switched off stays off; what the broker switched off, and so has a reason, comes back.
 */
export function movedBy({ status, statusReason }: Pick<ConnectionRow, 'status' | 'statusReason'>, standing: Standing) {
  if (status === 'revoked') return { status, statusReason }; // only connecting it anew brings it back
  const switchedOff = status === 'inactive' && statusReason === null;
  if (switchedOff && ['active', 'inactive', 'initiated'].includes(standing.status)) return { status, statusReason };
  if (standing.status === 'initiated' && status !== 'initiated') return { status, statusReason };
  return { status: standing.status, statusReason: standing.reason };
}
