import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { driver } from '../../src/drivers/slack/index.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startSlack } from '../sandbox/slack.ts';
import { type DriverHarness, driverHarness } from '../support/driver.ts';

const [bot = '', user = ''] = Object.keys(demo.tokens.slack);
const auth = { method: 'token', access_token: bot };
const { checkHealth, whoami, revoke } = driver as Required<typeof driver>;

let slack: StandIn;
let at: DriverHarness;
beforeAll(async () => {
  slack = await startSlack({ filesUrl: 'https://files.slack.com' });
  at = await driverHarness('slack', { slack: slack.url });
});
afterAll(async () => {
  await at.close();
  await slack.close();
});
beforeEach(() => slack.control.reset());

const releases = async () => {
  const { items } = await at.tool(auth, 'list_channels', {});
  return (items as { id: string; name: string }[]).find(({ name }) => name === 'releases')?.id ?? '';
};

describe('health and whoami', () => {
  it('tell who is connected to which workspace', async () => {
    expect(await at.call(auth, whoami)).toMatchObject({ label: 'patchbay in Northwind' });
    expect((await at.call(auth, checkHealth)).message).toBe('Signed in to Northwind as patchbay.');
    const other = await at.call({ ...auth, access_token: user }, whoami);
    expect(other.externalId).not.toBe((await at.call(auth, whoami)).externalId);
    const wrongTeam = await at.call(auth, checkHealth, { config: { team_id: 'T0OTHERONE' } });
    expect(wrongTeam.warnings).toEqual([expect.stringContaining('T0OTHERONE')]);
  });

  it('tell a refused token, which Slack answers with 200, from limits and failures', async () => {
    await expect(at.call({ ...auth, access_token: 'xoxb-nope' }, checkHealth)).rejects.toMatchObject({
      fault: 'credential',
      serviceCode: 'invalid_auth',
    });
    await slack.control.fault('rate_limited', { retry_after: 60 });
    await expect(at.call(auth, checkHealth)).rejects.toMatchObject({ fault: 'rate_limited', retryAfterMs: 60_000 });
    await slack.control.clearFaults();
    await slack.control.fault('status', { status: 500, times: 1 });
    await expect(at.call(auth, checkHealth)).rejects.toMatchObject({ fault: 'service', status: 500 });
  });

  it('end with the token once it is revoked', async () => {
    expect(await at.call(auth, (context) => revoke(context, {}), { sideEffect: 'write' })).toBe(true);
    await expect(at.call(auth, checkHealth)).rejects.toMatchObject({ fault: 'credential' });
  });
});

describe('tools', () => {
  it('post, answer, change and delete a message', async () => {
    const channel = await releases();
    const { ts } = await at.tool(auth, 'post_message', { channel, text: 'It <b>is</b> out 🎉' });
    expect(ts).toMatch(/^\d+\.\d+$/);
    const reply = await at.tool(auth, 'reply_in_thread', { channel, thread_ts: ts, text: 'Well done' });
    expect(reply.ts).not.toBe(ts);
    expect(await at.tool(auth, 'update_message', { channel, ts, text: 'It is out' })).toEqual({ channel, ts });
    expect(await at.tool(auth, 'delete_message', { channel, ts })).toEqual({ channel, ts });
    await expect(at.tool(auth, 'delete_message', { channel, ts })).rejects.toMatchObject({
      serviceCode: 'message_not_found',
    });
  });

  it('take the default channel, and say when there is none', async () => {
    const config = { default_channel: await releases() };
    expect(await at.tool(auth, 'post_message', { text: 'Hello' }, { config })).toMatchObject({
      channel: config.default_channel,
    });
    await expect(at.tool(auth, 'post_message', { text: 'Hello' })).rejects.toMatchObject({
      fault: 'input',
      field: 'channel',
    });
    await expect(at.tool(auth, 'post_message', { text: 'Hello', channel: 'C000000000' })).rejects.toMatchObject({
      fault: 'not_found',
    });
  });

  it('name the scope that is missing', async () => {
    const channel = await releases();
    const upload = at.tool(auth, 'upload_file', { channel, filename: 'a.txt', text: 'x' });
    await expect(upload).rejects.toMatchObject({
      fault: 'permission',
      message: expect.stringContaining('files:write'),
    });
  });

  it('list people page by page', async () => {
    const first = await at.tool(auth, 'list_users', { limit: 2 });
    expect((first.items as unknown[]).length).toBeLessThanOrEqual(2);
    expect(first.next_cursor).toBeTruthy();
    const second = await at.tool(auth, 'list_users', { limit: 2, cursor: first.next_cursor });
    expect(JSON.stringify(second.items)).not.toBe(JSON.stringify(first.items));
    expect(await at.tool(auth, 'auth_test', {})).toMatchObject({ team: 'Northwind', user: 'patchbay' });
  });

  it('never post twice', async () => {
    const channel = await releases();
    await slack.control.clearRequests();
    await slack.control.fault('lose_answer', { path: '/api/chat.postMessage', times: 1 });
    await expect(at.tool(auth, 'post_message', { channel, text: 'Once' })).rejects.toMatchObject({
      mayHaveArrived: true,
    });
    expect(await slack.control.requests('/api/chat.postMessage')).toHaveLength(1);
  });
});
