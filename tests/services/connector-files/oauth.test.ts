import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { client, connect, type OauthStage, oauthStage } from '../../support/oauth.ts';
import { fileFolder, fileWith, installed, summary } from './files.ts';

let at: OauthStage;
const { apply, remove } = fileFolder(() => at);
beforeAll(async () => {
  vi.stubEnv('CLIENT_SECRET', client.client_secret);
  at = await oauthStage();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await remove();
  await at.close();
});

const service = fileWith(`
  service:
    entry: id
    name: Service
    config: { origin: https://id.example }
    auth:
      method: oauth2
      client_id: ${client.client_id}
      client_secret: { env: CLIENT_SECRET }
      scopes: [read]
`);

it('waits for the account that a person authorises, is active then, and stays so', async () => {
  const { ada } = at.cast;
  const made = await apply(service);
  expect(made.steps[0]?.waits).toContain('has to be authorised');
  const [{ id, status }] = await installed(at);
  expect(status).toBe('inactive');
  expect(await (await at.as(ada, 'GET', `/connectors/${id}`)).text()).not.toContain('iffers from');
  expect(summary(await apply(service))).toEqual({});
  const { redirect_url } = await at.begin(ada, { connector_id: id });
  expect((await connect(at.browser(ada), redirect_url)).status).toBe(303);
  expect((await installed(at))[0]).toMatchObject({ status: 'active', managed_by: 'file' });
  expect(summary(await apply(service))).toEqual({});

  const [connection] = await at.connections(id);
  expect((await at.as(ada, 'DELETE', `/api/connections/${connection.id}`)).status).toBe(204);
  expect((await installed(at))[0]).toMatchObject({ status: 'error' });
  expect(summary(await apply(service))).toEqual({});
  expect(summary(await apply(service.replace('    auth:', '    active: false\n    auth:')))).toEqual({
    service: ['deactivate'],
  });
});
