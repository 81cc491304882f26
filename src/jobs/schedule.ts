import type { Hub } from '../context.ts';
import { settleApprovals } from '../services/approvals/approval-runs.ts';
import { expireAuthorizations } from '../services/authorizations/authorization-wait.ts';
import { forgetOldAccountEvents } from '../services/brokers/account-history.ts';
import { pollAuthorizations } from '../services/brokers/account-polls.ts';
import { recoverAccounts } from '../services/brokers/connected-accounts.ts';
import { refreshToolkits } from '../services/brokers/toolkit-refreshes.ts';
import { scanDueSyncs } from '../services/connections/repository-sync.ts';
import { purgeDeletedConnectors } from '../services/connectors/connector-purge.ts';
import { scanDueRefreshes } from '../services/credentials/credential-refresh.ts';
import { wipeEndedCredentials } from '../services/credentials/ended-credentials.ts';
import { scanDueChecks } from '../services/health/check-queue.ts';
import { forgetUnusedApps } from '../services/mcp-access/clients.ts';
import { forgetEndedTokens } from '../services/people/one-time-tokens.ts';
import { forgetEndedSessions } from '../services/people/sessions.ts';
import { scanDuePosts } from '../services/publishing/post-publishing.ts';
import { forgetIdleLimits } from '../services/rate-limits.ts';
import { sealAudit } from '../services/secrets/audit-seals.ts';
import { verifyDueAudits } from '../services/secrets/audit-standing.ts';
import { endStuckExecutions, forgetOldChecks, forgetOldExecutions } from '../services/tenants/histories.ts';
import { purgeIdempotencyKeys } from '../services/tools/idempotency.ts';
import { releaseReservations } from '../services/usage/budgets.ts';
import { forgetOldCalls, rollUpUsage } from '../services/usage/usage-rollups.ts';
import { forgetOldDeliveries, scanDueDeliveries } from '../services/webhooks/webhook-deliveries.ts';

export interface Job {
  name: string;
  /** In UTC, minutes at the finest. Hourly ones have minutes of their own, so that they do not all come at once. */
  cron: string;
  /** Returns how much there was to do. Leaves suspended workspaces alone. Safe to run again after it was cut off anywhere. */
  run(hub: Hub): Promise<number>;
}

/** Everything that happens without being asked for. */
export const schedule: Job[] = [
  { name: 'purge-deleted-connectors', cron: '* * * * *', run: purgeDeletedConnectors },
  { name: 'refresh-credentials', cron: '* * * * *', run: (hub) => scanDueRefreshes(hub) },
  { name: 'expire-authorizations', cron: '* * * * *', run: expireAuthorizations },
  { name: 'poll-authorizations', cron: '* * * * *', run: pollAuthorizations },
  { name: 'recover-connections', cron: '* * * * *', run: recoverAccounts },
  { name: 'refresh-toolkits', cron: '* * * * *', run: refreshToolkits },
  { name: 'deliver-webhooks', cron: '* * * * *', run: (hub) => scanDueDeliveries(hub) },
  { name: 'sync-repositories', cron: '* * * * *', run: (hub) => scanDueSyncs(hub) },
  { name: 'check-health', cron: '* * * * *', run: (hub) => scanDueChecks(hub) },
  { name: 'publish-posts', cron: '* * * * *', run: (hub) => scanDuePosts(hub) },
  { name: 'settle-approvals', cron: '* * * * *', run: (hub) => settleApprovals(hub) },
  { name: 'seal-audit', cron: '* * * * *', run: (hub) => sealAudit(hub) },
  { name: 'verify-audit', cron: '* * * * *', run: (hub) => verifyDueAudits(hub) },
  { name: 'end-stuck-executions', cron: '* * * * *', run: endStuckExecutions },
  { name: 'release-budgets', cron: '* * * * *', run: releaseReservations },
  { name: 'wipe-ended-credentials', cron: '8-59/10 * * * *', run: wipeEndedCredentials },
  { name: 'purge-idempotency-keys', cron: '2-59/10 * * * *', run: purgeIdempotencyKeys },
  { name: 'forget-ended-sessions', cron: '4-59/10 * * * *', run: forgetEndedSessions },
  { name: 'forget-ended-links', cron: '17 * * * *', run: forgetEndedTokens },
  { name: 'forget-unused-apps', cron: '5-59/10 * * * *', run: forgetUnusedApps },
  { name: 'forget-account-history', cron: '37 * * * *', run: forgetOldAccountEvents },
  { name: 'forget-webhook-deliveries', cron: '57 * * * *', run: forgetOldDeliveries },
  { name: 'forget-checks', cron: '27 * * * *', run: forgetOldChecks },
  { name: 'forget-executions', cron: '47 * * * *', run: forgetOldExecutions },
  { name: 'roll-up-usage', cron: '7 * * * *', run: rollUpUsage },
  { name: 'forget-llm-usage', cron: '42 * * * *', run: forgetOldCalls },
  { name: 'forget-idle-limits', cron: '6-59/10 * * * *', run: forgetIdleLimits },
];
