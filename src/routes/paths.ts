import {
  callbackPath,
  connectorCallbackPath,
  linkPath,
  startPath,
} from '../services/connections/connection-addresses.ts';

/** The one table of paths, without the base path; views and redirects put that in front with `url()`. */
export const paths = {
  home: '/',
  signin: '/signin',
  /** The second step, for people with a second factor. */
  signinCode: '/signin/code',
  /** Where somebody shows once that the account with their address is theirs. */
  signinConnection: '/signin/connection',
  /** GET leads to the provider. */
  singleSignOn: '/api/auth/sso/start',
  /** Where the provider sends people back to. */
  singleSignOnCallback: '/api/auth/callback/sso',
  signout: '/signout',
  setup: '/setup',
  forgotPassword: '/forgot-password',
  resetPassword: (token: string) => `/reset-password/${token}`,
  /** Places by name, over any page. */
  palette: '/palette',
  catalog: '/catalog',
  installed: '/installed',
  /** One's own accounts. */
  myConnections: '/connections',
  /** GET: how an account of a service behind a broker is connected. */
  toolkit: (connectorId: string, slug: string) => `/connectors/${connectorId}/toolkits/${slug}`,
  /** POST connects one. */
  toolkitAccounts: (connectorId: string, slug: string) => `/connectors/${connectorId}/toolkits/${slug}/accounts`,
  activity: '/activity',
  usage: '/usage',
  publish: '/publish',
  publishPreview: '/publish/preview',
  post: (id: string) => `/posts/${id}`,
  postRetries: (id: string) => `/posts/${id}/retries`,
  settings: '/settings',
  /** POST switches the workspace. */
  workspace: '/settings/workspace',
  account: '/settings/account',
  accountName: '/settings/account/name',
  accountPassword: '/settings/account/password',
  /** POST starts setting it up, DELETE turns it off. */
  secondFactor: '/settings/account/second-factor',
  secondFactorConfirmation: '/settings/account/second-factor/confirmation',
  /** POST makes new ones. */
  recoveryCodes: '/settings/account/second-factor/recovery-codes',
  /** DELETE signs out everywhere. */
  accountSessions: '/settings/account/sessions',
  accountSession: (id: string) => `/settings/account/sessions/${id}`,
  members: '/settings/members',
  member: (id: string) => `/settings/members/${id}`,
  /** GET: the question before a role changes. */
  memberRole: (id: string) => `/settings/members/${id}/role`,
  /** GET: what ends; the question before somebody is removed. */
  memberRemoval: (id: string) => `/settings/members/${id}/removal`,
  /** POST invites. */
  invitations: '/settings/invitations',
  /** DELETE takes it back. */
  invitation: (id: string) => `/settings/invitations/${id}`,
  /** POST makes a new link and sends it again. */
  invitationRenewal: (id: string) => `/settings/invitations/${id}/renewal`,
  /** The public page behind a link. */
  acceptance: (token: string) => `/invitations/${token}`,
  apiKeys: '/settings/api-keys',
  newApiKey: '/settings/api-keys/new',
  apiKey: (id: string) => `/settings/api-keys/${id}`,
  /** GET: what stops working; the question before a key is revoked. */
  apiKeyRevocation: (id: string) => `/settings/api-keys/${id}/revocation`,
  mcp: '/settings/mcp',
  /** DELETE disconnects it. */
  connectedApp: (id: string) => `/settings/mcp/apps/${id}`,
  /** GET: the question before that. */
  appDisconnection: (id: string) => `/settings/mcp/apps/${id}/disconnection`,
  /** GET: whether an app may come in; POST answers. */
  appConsent: '/oauth/authorize',
  appToken: '/oauth/token',
  appRegistration: '/oauth/register',
  appRevocation: '/oauth/revoke',
  modelSettings: '/settings/models',
  webhooks: '/settings/webhooks',
  newWebhook: '/settings/webhooks/new',
  webhook: (id: string) => `/settings/webhooks/${id}`,
  /** POST sends a message that says nothing. */
  webhookTests: (id: string) => `/settings/webhooks/${id}/tests`,
  /** GET: the question; PUT makes a new one. */
  webhookSecret: (id: string) => `/settings/webhooks/${id}/secret`,
  /** GET: the question before a delete. */
  webhookDeletion: (id: string) => `/settings/webhooks/${id}/deletion`,
  budgets: '/settings/budgets',
  budget: (id: string) => `/settings/budgets/${id}`,
  /** GET: the question before a delete. */
  budgetDeletion: (id: string) => `/settings/budgets/${id}/deletion`,
  prices: '/settings/prices',
  price: (id: string) => `/settings/prices/${id}`,
  /** GET: the question before a delete. */
  priceDeletion: (id: string) => `/settings/prices/${id}/deletion`,
  connectors: '/connectors',
  newConnector: (catalogKey: string) => `/connectors/new?catalog_key=${encodeURIComponent(catalogKey)}`,
  connector: (id: string) => `/connectors/${id}`,
  editConnector: (id: string) => `/connectors/${id}/edit`,
  connectorActivation: (id: string) => `/connectors/${id}/activation`,
  /** GET: who uses it; the question before it is switched off. */
  connectorDeactivation: (id: string) => `/connectors/${id}/deactivation`,
  /** GET: the question; DELETE takes it away from the file that manages it. */
  connectorManagement: (id: string) => `/connectors/${id}/management`,
  /** POST checks what stands in the form of a new connector. */
  newConnectorTest: '/connectors/checks',
  /** PUT checks what stands in the form of this one. */
  connectorTest: (id: string) => `/connectors/${id}/checks`,
  connection: (id: string) => `/connections/${id}`,
  /** POST checks it now. */
  connectionChecks: (id: string) => `/connections/${id}/checks`,
  /** POST switches it on, DELETE off. */
  connectionActivation: (id: string) => `/connections/${id}/activation`,
  /** GET: what used it; the question before it is disconnected. */
  connectionDeletion: (id: string) => `/connections/${id}/deletion`,
  /** GET: what stops working; the question before a delete. */
  connectorDeletion: (id: string) => `/connectors/${id}/deletion`,
  /** POST brings a deleted connector back. */
  connectorRestoration: (id: string) => `/connectors/${id}/restoration`,
  /** GET: what is imported; PUT chooses anew. */
  connectorOperations: (id: string) => `/connectors/${id}/operations`,
  /** POST shows what a document would become. */
  operationsPreview: (id: string) => `/connectors/${id}/operations/preview`,
  connectorTools: (id: string) => `/connectors/${id}/tools`,
  connectorTool: (id: string, tool: string) => `/connectors/${id}/tools/${tool}`,
  /** POST runs it. */
  toolExecutions: (id: string, tool: string) => `/connectors/${id}/tools/${tool}/executions`,
  connectorTables: (id: string) => `/connectors/${id}/tables`,
  /** GET with `schema` and `table`: its columns and rows. */
  connectorTable: (id: string) => `/connectors/${id}/table`,
  connectorRepositories: (id: string) => `/connectors/${id}/repositories`,
  /** POST has them read anew. */
  repositorySync: (id: string) => `/connectors/${id}/repositories/sync`,
  /** What waits for an admin. */
  approvals: '/approvals',
  approvalDecision: (id: string) => `/approvals/${id}/decision`,
  executions: '/executions',
  execution: (id: string) => `/executions/${id}`,
  /** POST runs the same once more. */
  executionReplays: (id: string) => `/executions/${id}/replays`,
  /** PUT decides what is kept of calls. */
  executionSettings: '/settings/executions',
  /** GET: the form; POST tests the new credential and uses it. */
  credentialRotation: (id: string) => `/connections/${id}/rotation`,
  /** POST goes back to the credential before. */
  credentialRollback: (id: string) => `/connections/${id}/rollback`,
  /** POST begins an authorisation. */
  authorizations: '/connections/oauth/requests',
  /** POST goes to the service. */
  authorizationStart: startPath,
  authorizationCallback: callbackPath,
  connectorCallback: connectorCallbackPath,
  connectLink: linkPath,
  operator: '/operator',
  operatorTenants: '/operator/tenants',
  newTenant: '/operator/tenants/new',
  operatorEntries: '/operator/entries',
  /** POST switches the entry on, DELETE off. */
  entryAvailability: (key: string) => `/operator/entries/${key}/availability`,
  entryApplication: (key: string) => `/operator/entries/${key}/application`,
  tenantEntries: (id: string) => `/operator/tenants/${id}/entries`,
  operatorTenant: (id: string) => `/operator/tenants/${id}`,
  tenantQuotas: (id: string) => `/operator/tenants/${id}/quotas`,
  tenantSuspension: (id: string) => `/operator/tenants/${id}/suspension`,
  tenantExport: (id: string) => `/operator/tenants/${id}/export`,
  /** GET: what would go; the question before a delete. */
  tenantDeletion: (id: string) => `/operator/tenants/${id}/deletion`,
  /** POST gives the workspace a new data key. */
  tenantDataKeys: (id: string) => `/operator/tenants/${id}/data-keys`,
  operatorDoctor: '/operator/doctor',
  /** GET: what this very request tells about the way that it took. */
  doctorAddress: '/operator/doctor/address',
  /** POST opens every secret. */
  doctorSecrets: '/operator/doctor/secrets',
  operatorKeys: '/operator/keys',
  /** POST begins it; the page of the keys shows how far it is. */
  masterKeyRotation: '/operator/keys/master-rotation',
  dataKeyRotation: '/operator/keys/data-rotation',
  operatorActivity: '/operator/activity',
  operatorEvent: (id: string) => `/operator/activity/${id}`,
  docs: '/docs',
  openapi: '/openapi.json',
  /** What editors check descriptions of services with. */
  catalogEntrySchema: '/catalog-entry.schema.json',
  /** What editors check a file of connectors with. */
  connectorsFileSchema: '/connectors-file.schema.json',
} as const;
