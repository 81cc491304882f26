import type { ConnectionStatus } from '../../db/schema/index.ts';
import { AppError } from '../../errors.ts';

/** Who brings a change of status about. */
export type Mover = 'person' | 'system';

/**
 * The one table of what may follow what. A person switches a connection on and off; only what a service says expires, fails or heals
 * it. `revoked` ends it: a new authorisation of the same account brings it back.
 */
const allowed: Record<Mover, Record<ConnectionStatus, readonly ConnectionStatus[]>> = {
  person: {
    initiated: [],
    active: ['inactive', 'revoked'],
    expired: ['inactive', 'revoked'],
    failed: ['inactive', 'revoked'],
    inactive: ['active', 'revoked'],
    revoked: [],
  },
  system: {
    initiated: ['active', 'failed', 'expired'],
    active: ['expired', 'failed', 'revoked'],
    expired: ['active', 'failed', 'revoked'],
    failed: ['active', 'expired', 'revoked'],
    inactive: ['active', 'expired', 'revoked'],
    revoked: ['active'],
  },
};

/** @throws AppError invalid_transition that says what can be done instead */
export function requireTransition(from: ConnectionStatus, to: ConnectionStatus, mover: Mover, name: string): void {
  if (from === to || allowed[mover][from].includes(to)) return;
  const way =
    from === 'revoked' || from === 'initiated'
      ? 'Connect the account again.'
      : 'Reconnect it, or look at why it stopped working.';
  throw new AppError('invalid_transition', `The connection of ${name} cannot go from ${from} to ${to}. ${way}`);
}

/** True when the change is one that this mover may make. */
export const mayMove = (from: ConnectionStatus, to: ConnectionStatus, mover: Mover): boolean =>
  from === to || allowed[mover][from].includes(to);
