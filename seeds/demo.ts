/** What `make demo` begins with; tests use the same stand-ins with the same names and secrets. None of them opens anything. */
export const demo = {
  admin: { email: 'ada@demo.example', password: 'patchbay demo 2026', tenant: 'Northwind (demo)' },
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
    },
  },
  client: { client_id: 'northwind-backend', client_secret: 'only-in-the-sandbox' },
} as const;
