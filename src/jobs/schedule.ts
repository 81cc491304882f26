import type { Hub } from '../context.ts';
import { forgetOldAccountEvents } from '../services/account-history.ts';
import { purgeDeletedConnectors } from '../services/connector-status.ts';
import { purgeIdempotencyKeys } from '../services/idempotency.ts';
import { forgetEndedTokens } from '../services/one-time-tokens.ts';
import { forgetIdleLimits } from '../services/rate-limits.ts';
import { forgetEndedSessions } from '../services/sessions.ts';

export interface Job {
  name: string;
  everySeconds: number;
  /** Returns how much there was to do. Leaves suspended workspaces alone. Safe to run on every replica at once, and again after a crash. */
  run(hub: Hub): Promise<number>;
}

/** Everything that happens without being asked for. */
export const schedule: Job[] = [
  { name: 'purge-deleted-connectors', everySeconds: 60, run: purgeDeletedConnectors },
  { name: 'purge-idempotency-keys', everySeconds: 600, run: purgeIdempotencyKeys },
  { name: 'forget-ended-sessions', everySeconds: 600, run: forgetEndedSessions },
  { name: 'forget-ended-links', everySeconds: 3600, run: forgetEndedTokens },
  { name: 'forget-account-history', everySeconds: 3600, run: forgetOldAccountEvents },
  { name: 'forget-idle-limits', everySeconds: 600, run: forgetIdleLimits },
];
