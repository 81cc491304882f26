import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

// Drives everything that asks Composio, as in production, and tells where connections went. `node traced.ts http://127.0.0.1:4005`

// The SDK is quiet by itself where these say so.
for (const name of ['NODE_ENV', 'CI', 'VITEST', 'TELEMETRY_DISABLED']) delete process.env[name];
process.env.NODE_ENV = 'production';

const sockets: string[] = [];
const global: string[] = [];
diagnostics.subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  socket.once('lookup', (_error, address, _family, host) => sockets.push(host ?? address));
  socket.once('connectionAttempt', (ip: string, port: number) => sockets.push(`${ip}:${port}`));
});
globalThis.fetch = async (input) => {
  global.push(String(input instanceof Request ? input.url : input));
  throw new Error('Nothing goes this way.');
};

const { driverHarness } = await import('../../support/driver.ts');
const { asking, sdks } = await import('./broker.ts');

const url = process.argv[2] ?? '';
const at = await driverHarness('composio', { composio: url });
let asked = 0;
for (const sdk of Object.keys(sdks)) {
  const broker = asking(at, sdk);
  const brokerUserId = 'u';
  const version = '20251101_00';
  await broker.listToolkits({ limit: 1 });
  await broker.listCategories();
  await broker.getToolkit('gmail');
  await broker.getToolkit('nonesuch').catch(() => null);
  await broker.listTools({ toolkit: 'gmail', limit: 1 });
  const config = { scheme: 'oauth2', managed: true, name: 'x', values: {} };
  const gmail = await broker.createAuthConfig({ toolkit: 'gmail', ...config });
  await broker.getAuthConfig(gmail.id);
  const link = await broker.linkAccount({
    authConfigId: gmail.id,
    brokerUserId,
    callbackUrl: 'https://hub.example.com',
  });
  await broker.getAccount(link.accountId);
  const trello = await broker.createAuthConfig({ toolkit: 'trello', ...config, scheme: 'api_key', managed: false });
  const values = { generic_api_key: 'key-only-in-the-sandbox' };
  const { id } = await broker.createAccount({ authConfigId: trello.id, brokerUserId, scheme: 'api_key', values });
  await broker.executeTool({ tool: 'TRELLO_LIST_CARDS', version, accountId: id, brokerUserId, arguments: {} });
  await broker
    .executeTool({ tool: 'TRELLO_GET_CARD', version, accountId: id, brokerUserId, arguments: {} })
    .catch(() => null);
  await broker.setAccountEnabled(id, false);
  await broker.revokeAccount(id);
  await broker.deleteAccount(id);
  await broker.deleteAuthConfig(trello.id);
  asked += 17;
}
await new Promise((resolve) => setTimeout(resolve, 500)); // what is sent beside the calls leaves a little later
await at.close();
console.log(JSON.stringify({ asked, sockets, global }));
