import { afterAll, beforeAll, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startSlack } from '../sandbox/slack.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type TestApp, testApp } from '../support/app.ts';
import { connectionUnder } from '../support/rows.ts';

const [bot = '', person = ''] = Object.keys(demo.tokens.slack);
const scopes = ['chat:write', 'channels:read', 'users:read'];
const next = 'xoxb-canary-next-of-the-bot';
const other = { user: 'patchbay', type: 'bot', scopes } as const;

let slack: StandIn;
let at: TestApp;
let path: string;
beforeAll(async () => {
  slack = await startSlack({ tokens: { ...demo.tokens.slack, [next]: other } });
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ slack: slack.url }) });
  const auth = { method: 'token', access_token: bot };
  const body = { catalog_key: 'slack', name: 'Releases', config: {}, auth };
  const { id } = await (await at.as(at.cast.ada, 'POST', '/api/connectors', body)).json();
  path = `/api/connections/${await connectionUnder(at, id)}`;
  await at.as(at.cast.ada, 'GET', `${path}/health?refresh=true`);
});
afterAll(async () => {
  await at.close();
  await slack.close();
});

const post = async (verb: string, body?: unknown) => {
  const answer = await at.as(at.cast.ada, 'POST', `${path}/${verb}`, body);
  return { status: answer.status, body: await answer.json() };
};

it('rotates, tells the history and rolls back over the API, without a secret in any answer', async () => {
  const refused = await post('rotate', { credential: { access_token: person } });
  expect([refused.status, Object.keys(refused.body.errors)]).toEqual([422, ['credential.access_token']]);
  expect(refused.body.detail).toContain('Nothing was changed');
  const rotated = await post('rotate', { credential: { access_token: next } });
  expect([rotated.status, Date.parse(rotated.body.rollback_until) > Date.now()]).toEqual([200, true]);
  expect(rotated.body.steps.map(({ status }: { status: string }) => status)).not.toContain('failed');
  const history = await (await at.as(at.cast.ben, 'GET', `${path}/credentials`)).json();
  expect(history.data.map(({ state, ended_by }: { state: string; ended_by: string }) => [state, ended_by])).toEqual([
    ['previous', 'rotated'],
    ['revoked', 'rejected'],
  ]);
  expect(history.rollback_until).toBe(rotated.body.rollback_until);
  const back = await post('rollback');
  expect([back.status, back.body.rollback_until]).toEqual([200, null]);
  expect((await post('rollback')).status).toBe(409);
  const told = JSON.stringify([refused, rotated, history, back, at.logged]);
  for (const secret of [bot, person, next]) expect(told).not.toContain(secret);
});

it.each([[{}], [{ credential: 'text' }], [{ credential: { access_token: ['x'] } }], [{ credential: {}, more: 1 }]])(
  'refuses %j',
  async (body) => {
    expect((await post('rotate', body)).status).toBe(422);
  },
);
