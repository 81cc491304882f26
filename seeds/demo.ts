import type { ConnectorInput } from '../src/services/connectors/connector-input.ts';

/** What `make demo` begins with; tests use the same stand-ins with the same names and secrets. None of them opens anything. */
export const demo = {
  admin: { email: 'ada@demo.example', password: 'patchbay demo 2026', tenant: 'Northwind' },
  applications: {
    github: {
      client_id: 'Ov23liPatchbayDemo01',
      client_secret: '5e0de5e0de5e0de5e0de5e0de5e0de5e0de5e0de',
      redirect_uris: ['http://127.0.0.1:3000/connections/oauth/callback'],
    },
    slack: {
      client_id: '1234567890.1234567890123',
      client_secret: '5e0de5e0de5e0de5e0de5e0de5e0de5e',
      redirect_uris: ['http://127.0.0.1:3000/connections/oauth/callback'],
    },
  },
  tokens: {
    github: {
      ghp_octocatOnlyInTheSandbox0000000000000001: { login: 'octocat', scopes: ['repo', 'read:user'] },
      ghp_hubotOnlyInTheSandbox000000000000000002: { login: 'hubot', scopes: ['repo'] },
      // To rotate to: the same account by another token.
      ghp_hubotOnlyInTheSandbox000000000000000003: { login: 'hubot', scopes: ['repo'] },
    },
    slack: {
      'xoxb-only-in-the-sandbox-1': {
        user: 'patchbay',
        type: 'bot',
        scopes: ['chat:write', 'channels:read', 'users:read'],
      },
      'xoxp-only-in-the-sandbox-2': {
        user: 'ada',
        type: 'user',
        scopes: ['chat:write', 'channels:read', 'users:read'],
      },
      'xoxb-only-in-the-sandbox-3': {
        user: 'patchbay',
        type: 'bot',
        scopes: ['chat:write', 'channels:read', 'users:read'],
      },
    },
  },
  modelKey: 'sk-proj-only-in-the-sandbox-1',
  composioKey: 'ak_only-in-the-sandbox-1',
  wordpress: { username: 'editor', password: 'demo demo demo demo demo demo' },
  xToken: 'x-user-token-only-in-the-sandbox',
  linkedinToken: 'linkedin-token-only-in-the-sandbox',
  mediumToken: '2feedfacefeedfacefeedfacefeedface0',
  client: { client_id: 'northwind-backend', client_secret: 'only-in-the-sandbox' },
} as const;

const [, hubot] = Object.keys(demo.tokens.github);
const [bot] = Object.keys(demo.tokens.slack);
const oauth = 'https://oauth.demo.example';

/** By catalog key. The first two are authorised by a person, with the operator's application. */
const connectors: [string, Omit<ConnectorInput, 'tags'>][] = [
  ['github', { name: 'GitHub', config: {}, auth: { method: 'oauth2', scopes: ['repo', 'read:user'] } }],
  [
    'slack',
    { name: 'Slack', config: {}, auth: { method: 'oauth2', scopes: ['chat:write', 'channels:read', 'users:read'] } },
  ],
  ['github', { name: 'Build machine', config: { owner: 'hubot' }, auth: { method: 'token', access_token: hubot } }],
  ['slack', { name: 'Release bot', config: {}, auth: { method: 'token', access_token: bot } }],
  ['openai', { name: 'OpenAI', config: {}, auth: { method: 'api_key', api_key: demo.modelKey } }],
  ['composio', { name: 'Composio', config: {}, auth: { method: 'api_key', api_key: demo.composioKey } }],
  [
    'wordpress',
    {
      name: 'Blog',
      config: { site_url: 'https://blog.demo.example', post_status: 'publish' },
      auth: { method: 'basic', ...demo.wordpress },
    },
  ],
  ['twitter', { name: 'X', config: {}, auth: { method: 'token', access_token: demo.xToken } }],
  ['linkedin', { name: 'LinkedIn', config: {}, auth: { method: 'token', access_token: demo.linkedinToken } }],
  ['medium', { name: 'Medium', config: {}, auth: { method: 'token', access_token: demo.mediumToken } }],
  [
    'http-api',
    {
      name: 'Orders',
      config: { base_url: `${oauth}/api` },
      auth: { method: 'client_credentials', token_url: `${oauth}/token`, ...demo.client, scope: 'read' },
    },
  ],
];

/** Fills the workspace of a hub that runs with stand-ins: applications for all, and a few connectors. */
async function main(): Promise<number> {
  const [{ withHub }, { loadDrivers }, { systemCtx }, { registerApplication }, { installConnector }] =
    await Promise.all([
      import('../src/commands/command.ts'),
      import('../src/drivers/index.ts'),
      import('../src/services/system.ts'),
      import('../src/services/authorizations/oauth-applications.ts'),
      import('../src/services/connectors/connectors.ts'),
    ]);
  const { seedUsage } = await import('./demo-usage.ts');
  const { setConnectorStatus } = await import('../src/services/connectors/connector-status.ts');
  const { selectFirstTenantId, selectUserByEmail } = await import('../src/db/queries/identity.ts');
  return withHub(async ({ hub: opened }) => {
    const hub = { ...opened, drivers: await loadDrivers() };
    const ada = await selectUserByEmail(hub.db.system, demo.admin.email);
    const tenantId = ada && (await selectFirstTenantId(hub.db.system, ada.id));
    if (!tenantId) throw new Error(`${demo.admin.email} has no workspace here.`);
    const system = systemCtx(hub, tenantId, 'demo');
    for (const [key, { redirect_uris: _own, ...application }] of Object.entries(demo.applications))
      await registerApplication(system, key, { ...application, scopes: scopesOf(key) });
    const ctx = { ...system, actor: { type: 'user' as const, id: ada.id, name: ada.name, role: 'owner' as const } };
    for (const [key, input] of connectors) {
      const connector = await installConnector(ctx, key, { ...input, tags: ['demo'] });
      if (input.auth.method !== 'oauth2') await setConnectorStatus(ctx, connector.id, 'active');
      if (key === 'openai') await seedUsage(ctx, connector.id);
    }
    return 0;
  });
}

/** What the connector of this kind asks for. */
const scopesOf = (key: string) => (connectors.find(([each]) => each === key)?.[1].auth.scopes ?? []) as string[];

if (import.meta.main) {
  const { runCommand } = await import('../src/commands/command.ts');
  await runCommand(main);
}
