import { type Context, Hono } from 'hono';
import type { Hub } from './context.ts';
import type { Assets } from './lib/assets.ts';
import type { Metrics } from './lib/metrics.ts';
import { mountBrokerEvents } from './routes/api/broker-events.ts';
import { mountGateway, openaiErrorFor } from './routes/api/gateway.ts';
import { mountMcp } from './routes/api/mcp.ts';
import { mountMcpAccess, oauthErrorFor } from './routes/api/mcp-access.ts';
import { mount } from './routes/api/mount.ts';
import { openapiDocument } from './routes/api/openapi.ts';
import type { Mounted } from './routes/api/operation.ts';
import { operations } from './routes/api/operations.ts';
import { signInOperations } from './routes/api/sign-in.ts';
import { areaOf } from './routes/areas.ts';
import { accountPages } from './routes/dashboard/account.ts';
import { activityPages } from './routes/dashboard/activity.ts';
import { mountAppConsent } from './routes/dashboard/app-consent.ts';
import { approvalPages } from './routes/dashboard/approvals.ts';
import { authorizationCallbackPages } from './routes/dashboard/authorization-callback.ts';
import { catalogPages } from './routes/dashboard/catalog.ts';
import { connectLinkPages } from './routes/dashboard/connect-link.ts';
import { connectorPages } from './routes/dashboard/connectors.ts';
import { docsPages } from './routes/dashboard/docs.ts';
import { entrancePages } from './routes/dashboard/entrance.ts';
import { executionPages } from './routes/dashboard/executions.ts';
import { invitationPages } from './routes/dashboard/invitation.ts';
import { mcpPages } from './routes/dashboard/mcp.ts';
import { myConnectionsPages } from './routes/dashboard/my-connections.ts';
import { operatorActivityPages } from './routes/dashboard/operator-activity.ts';
import { operatorApplicationPages } from './routes/dashboard/operator-applications.ts';
import { operatorDoctorPages } from './routes/dashboard/operator-doctor.ts';
import { operatorEntryPages } from './routes/dashboard/operator-entries.ts';
import { operatorKeyPages } from './routes/dashboard/operator-keys.ts';
import { operatorTenantPages } from './routes/dashboard/operator-tenants.ts';
import { palettePages } from './routes/dashboard/palette.ts';
import { passwordResetPages } from './routes/dashboard/password-reset.ts';
import { publishPages } from './routes/dashboard/publish.ts';
import { redirectPages } from './routes/dashboard/redirects.ts';
import { secondStepPages } from './routes/dashboard/second-step.ts';
import { singleSignOnPages } from './routes/dashboard/single-sign-on.ts';
import { tablePages } from './routes/dashboard/tables.ts';
import { toolPages } from './routes/dashboard/tools.ts';
import { usagePages } from './routes/dashboard/usage.ts';
import type { Env } from './routes/env.ts';
import { problemFor } from './routes/errors.ts';
import { accountForms } from './routes/form/account.ts';
import { apiKeyForms } from './routes/form/api-keys.ts';
import { authorizationForms } from './routes/form/authorizations.ts';
import { budgetForms } from './routes/form/budgets.ts';
import { connectionForms } from './routes/form/connections.ts';
import { connectorManagementForms } from './routes/form/connector-management.ts';
import { connectorTestForms } from './routes/form/connector-tests.ts';
import { connectorForms } from './routes/form/connectors.ts';
import { executionForms } from './routes/form/executions.ts';
import { importedOperationForms } from './routes/form/imported-operations.ts';
import { invitationForms } from './routes/form/invitations.ts';
import { memberForms } from './routes/form/members.ts';
import { modelSettingsForms } from './routes/form/model-settings.ts';
import { operatorTenantForms } from './routes/form/operator-tenants.ts';
import { priceForms } from './routes/form/prices.ts';
import { repositoryForms } from './routes/form/repositories.ts';
import { rotationForms } from './routes/form/rotations.ts';
import { secondFactorForms } from './routes/form/second-factor.ts';
import { toolkitForms } from './routes/form/toolkits.ts';
import { toolForms } from './routes/form/tools.ts';
import { webhookForms } from './routes/form/webhooks.ts';
import { workspaceForms } from './routes/form/workspace.ts';
import { limitBody } from './routes/middleware/body-limit.ts';
import { compression } from './routes/middleware/compression.ts';
import { csrf } from './routes/middleware/csrf.ts';
import { methodOverride } from './routes/middleware/method-override.ts';
import { refuseOverload } from './routes/middleware/overload.ts';
import { plainAddress } from './routes/middleware/plain-address.ts';
import { rateLimit } from './routes/middleware/rate-limit.ts';
import { requestLog } from './routes/middleware/request-log.ts';
import { runningTenant } from './routes/middleware/running-tenant.ts';
import { securityHeaders } from './routes/middleware/security-headers.ts';
import { apiSession, operatorSession, pageSession } from './routes/middleware/session.ts';
import { sameTenant } from './routes/middleware/tenant.ts';
import { unrouted } from './routes/not-found.ts';
import { mountPage, type PageRoute } from './routes/page.ts';
import { mountProbes, probes } from './routes/probes.ts';
import { refusalFor } from './routes/refusals.ts';
import { errorPage, pageTools } from './routes/render.ts';
import { ForgetfulRouter } from './routes/router.ts';
import type { PatchbayViews } from './routes/view-models/models.ts';
import { measureBrokers } from './services/brokers/broker-metrics.ts';
import type { Identity } from './services/people/identity.ts';
import type { Upkeep } from './services/upkeep.ts';
import { BudgetRefused } from './services/usage/budget-refusals.ts';

export interface AppDeps {
  hub: Hub;
  identity: Identity;
  upkeep: Upkeep;
  metrics: Metrics;
  views: PatchbayViews;
  assets: Assets;
}

/** The web application, with every route that it declares; it takes all it needs and listens to nothing. */
export function createApp(deps: AppDeps): { app: Hono<Env>; operations: Mounted[]; pages: PageRoute[] } {
  const { hub, identity, metrics, assets } = deps;
  const { config } = hub;
  const tools = pageTools(deps);
  const publicOperations = signInOperations(identity);
  const document = openapiDocument(
    [...publicOperations, ...operations].map(({ operation }) => operation),
    config.baseUrl,
  );
  const publicPages = [
    ...entrancePages(tools),
    ...invitationPages(tools),
    ...passwordResetPages(tools),
    ...secondStepPages(tools),
    ...singleSignOnPages(tools),
    ...authorizationCallbackPages(tools),
    ...connectLinkPages(tools),
    ...docsPages(tools, document),
    ...redirectPages(tools),
  ];
  const operatorPages = [
    ...operatorTenantForms(tools),
    ...operatorTenantPages(tools),
    ...operatorEntryPages(tools),
    ...operatorApplicationPages(tools),
    ...operatorKeyPages(tools, deps.upkeep),
    ...operatorDoctorPages(tools, deps.upkeep),
    ...operatorActivityPages(tools),
  ];
  const workspacePages = workspaceForms(tools);
  // Forms first: /connectors/new is no connector's id.
  const pages = [
    ...catalogPages(tools),
    ...palettePages(tools),
    ...connectorTestForms(tools),
    ...connectorForms(tools),
    ...connectorManagementForms(tools),
    ...connectionForms(tools),
    ...authorizationForms(tools),
    ...connectorPages(tools),
    ...toolkitForms(tools),
    ...myConnectionsPages(tools),
    ...toolPages(tools),
    ...tablePages(tools),
    ...toolForms(tools),
    ...repositoryForms(tools),
    ...importedOperationForms(tools),
    ...executionPages(tools),
    ...approvalPages(tools),
    ...executionForms(tools),
    ...rotationForms(tools),
    ...activityPages(tools),
    ...usagePages(tools),
    ...publishPages(tools),
    ...mcpPages(tools),
    ...modelSettingsForms(tools),
    ...apiKeyForms(tools),
    ...webhookForms(tools),
    ...budgetForms(tools),
    ...priceForms(tools),
    ...memberForms(tools),
    ...invitationForms(tools),
    ...accountPages(tools),
    ...accountForms(tools),
    ...secondFactorForms(tools),
  ];

  const outside = new Hono<Env>({ router: new ForgetfulRouter() });
  const app = outside.basePath(config.basePath);
  const refusedByBudget = metrics.counter('patchbay_budget_refusals_total', 'Calls that a budget refused', ['reason']);
  /** The error in the shape that whoever asks there expects. */
  const errorFor = (c: Context<Env>, error: unknown) => {
    if (error instanceof BudgetRefused) refusedByBudget.inc({ reason: error.code });
    const area = areaOf(c.req.path.slice(config.basePath.length));
    if (area === 'v1') return openaiErrorFor(c, error);
    if (area === 'oauth') return oauthErrorFor(c, error);
    return area ? problemFor(c, error) : errorPage(tools, c, error);
  };
  app.onError((error, c) => errorFor(c, error));
  app.notFound((c) => errorFor(c, unrouted(app, c)));

  const logged = requestLog({
    log: hub.log,
    metrics,
    proxies: config.trustedProxies,
    quiet: probes,
  });
  const guarded = securityHeaders({ secure: config.secure });
  app.fetch = refuseOverload({
    db: hub.db,
    metrics,
    log: hub.log,
    refusal: refusalFor(tools),
    proxies: config.trustedProxies,
    exempt: [...probes, '/assets/'].map((path) => config.basePath + path),
  })(app.fetch);
  app.use(
    logged,
    guarded,
    compression(),
    plainAddress(),
    limitBody(),
    csrf({ baseUrl: config.baseUrl }),
    methodOverride(app),
  );
  mountProbes(app, hub, metrics);
  app.get('/assets/*', async (c) => {
    const { status, headers, body } = await assets.respond(
      c.req.path.slice(config.basePath.length),
      c.req.header('accept-encoding') ?? '',
      c.req.query('moved') !== undefined,
    );
    return c.body(body, status, headers);
  });

  for (const operation of publicOperations) mount(app, operation);
  for (const route of publicPages) mountPage(app, route);
  mountGateway(app, { hub, metrics });
  mountMcp(app, { hub, metrics });
  mountMcpAccess(app, { hub, outside, middleware: [logged, guarded] });
  mountBrokerEvents(app, hub);
  measureBrokers(hub, metrics);
  app.use(
    '/api/*',
    apiSession({ hub, identity }),
    sameTenant(),
    rateLimit({ hub, name: 'api', rate: 600, inAdvance: true }),
  );
  app.use('/api/*', runningTenant());
  for (const operation of operations) mount(app, operation);
  // Whatever is left under /api ends here: with a key, what comes next would send a program to the page to sign in.
  app.all('/api/*', (c) => errorFor(c, unrouted(app, c)));
  const pageLimit = rateLimit({ hub, name: 'pages', rate: 1200, inAdvance: true });
  app.use('/operator/*', operatorSession({ hub, identity }), pageLimit);
  for (const route of operatorPages) mountPage(app, route);
  app.use(pageSession({ hub, identity }), pageLimit, sameTenant());
  for (const route of workspacePages) mountPage(app, route);
  mountAppConsent(app, tools);
  app.use(runningTenant());
  for (const route of pages) mountPage(app, route);
  return {
    app,
    operations: [...publicOperations, ...operations],
    pages: [...publicPages, ...operatorPages, ...workspacePages, ...pages],
  };
}
