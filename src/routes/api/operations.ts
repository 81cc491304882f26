import { accountOperations } from './account.ts';
import { apiKeyOperations } from './api-keys.ts';
import { approvalOperations } from './approvals.ts';
import { auditOperations } from './audit.ts';
import { authorizationOperations } from './authorizations.ts';
import { budgetOperations } from './budgets.ts';
import { catalogOperations } from './catalog.ts';
import { connectionOperations } from './connections.ts';
import { connectorTestOperations } from './connector-tests.ts';
import { connectorOperations } from './connectors.ts';
import { credentialOperations } from './credentials.ts';
import { executionOperations } from './executions.ts';
import { importedOperationOperations } from './imported-operations.ts';
import { invitationOperations } from './invitations.ts';
import { memberOperations } from './members.ts';
import { modelSettingsOperations } from './model-settings.ts';
import { oauthTokenOperations } from './oauth-tokens.ts';
import { postOperations } from './posts.ts';
import { priceOperations } from './prices.ts';
import { proxyOperations } from './proxy.ts';
import { repositoryOperations } from './repositories.ts';
import { toolkitOperations } from './toolkits.ts';
import { toolOperations } from './tools.ts';
import { usageOperations } from './usage.ts';
import { usageCallOperations } from './usage-calls.ts';
import { webhookOperations } from './webhooks.ts';

/** The whole JSON API for signed-in callers, in the order of its documentation. */
export const operations = [
  ...catalogOperations,
  ...connectorTestOperations,
  ...connectorOperations,
  ...oauthTokenOperations,
  ...authorizationOperations,
  ...connectionOperations,
  ...credentialOperations,
  ...repositoryOperations,
  ...toolkitOperations,
  ...toolOperations,
  ...importedOperationOperations,
  ...postOperations,
  ...executionOperations,
  ...approvalOperations,
  ...usageOperations,
  ...budgetOperations,
  ...priceOperations,
  ...usageCallOperations,
  ...proxyOperations,
  ...auditOperations,
  ...webhookOperations,
  ...modelSettingsOperations,
  ...apiKeyOperations,
  ...memberOperations,
  ...invitationOperations,
  ...accountOperations,
];
