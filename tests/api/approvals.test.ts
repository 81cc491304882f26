import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../seeds/demo.ts';
import { queues } from '../../src/jobs/queues.ts';
import { runQueued } from '../../src/jobs/runs.ts';
import { settleApprovals } from '../../src/services/approvals/approval-runs.ts';
import { approvedQueue } from '../../src/services/approvals/approvals.ts';
import { deleteConnector, setConnectorStatus } from '../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../src/services/connectors/connectors.ts';
import { endStuckExecutions } from '../../src/services/tenants/histories.ts';
import type { StandIn } from '../sandbox/front.ts';
import { startGithub } from '../sandbox/github.ts';
import { wiring } from '../sandbox/wiring.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { appDance } from '../support/apps.ts';
import { mcpHub } from '../support/mcp.ts';
import { connectionUnder } from '../support/rows.ts';

const [octocat = ''] = Object.keys(demo.tokens.github);
/** What an agent might put into arguments. */
const canary = 'canary-9d1f47c3ab';

let github: StandIn;
let at: TestApp;
let hub: Awaited<ReturnType<typeof mcpHub>>;
let codeId: string;
beforeAll(async () => {
  github = await startGithub();
  at = await testApp({ BASE_URL: 'http://hub.localhost', ...wiring({ github: github.url }) });
  codeId = await install('Code');
  hub = await mcpHub(at);
});
afterAll(async () => {
  await hub.close();
  await at.close();
  await github.close();
});

async function install(name: string): Promise<string> {
  const ctx = at.ctx(at.cast.ada);
  const auth = { method: 'token', access_token: octocat };
  const { id } = await installConnector(ctx, 'github', { name, tags: [], config: { owner: 'octocat' }, auth });
  await setConnectorStatus(ctx, id, 'active');
  return id;
}

const scopes = ['tools:read', 'tools:execute', 'proxy:execute', 'publish:write', 'executions:read'];
const keyWith = (limits: Json, more: Json = {}) => hub.keyOf(at.cast.ada, scopes, { limits, ...more });
const by = (key: string, method: string, path: string, body?: Json) =>
  at.as(null, method, path, body, { authorization: `Bearer ${key}` });
const ask = async (key: string, title = 'Agreed', connectorId = codeId) => {
  const body = { connector_id: connectorId, arguments: { repo: 'hello-world', title } };
  const answer = await by(key, 'POST', '/api/tools/github.create_issue/execute', body);
  return { ...(await answer.json()), http: answer.status };
};
const decide = (id: string, decision: string, person = at.cast.ada, note?: string) =>
  at.as(person, 'POST', `/api/approvals/${id}/approval`, { decision, ...(note && { note }) });
const result = async (key: string, id: string) => (await by(key, 'GET', `/api/executions/${id}/result`)).json();
const work = queues.find(({ queue }) => queue.name === approvedQueue.name);
const run = (id: string, tenantId = at.cast.ada.tenantId) =>
  work
    ? runQueued(at.hub, work, { tenant_id: tenantId, id }, new AbortController().signal)
    : expect.unreachable('nobody works on what was approved');
const made = async () =>
  (await github.control.requests()).filter(({ method, path }) => method === 'POST' && path.endsWith('/issues'));
const change = (query: ReturnType<typeof sql>) => at.hub.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(query));

describe('a key whose calls need approval', () => {
  it('asks, is told how to look, and gets the result once an admin agreed', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const agent = await hub.agent(key);
    const before = (await made()).length;
    const held = await agent.call('code__create_issue', { repo: 'hello-world', title: 'By an agent' });
    expect(held.isError).toBeUndefined();
    expect(held.structuredContent).toMatchObject({ status: 'awaiting_approval' });
    const id = String(held.structuredContent?.execution_id);
    expect(held.text).toContain('get_execution');
    expect(held.text).toContain(id);
    const waiting = await agent.call('get_execution', { execution_id: id });
    expect(waiting.structuredContent).toMatchObject({ status: 'awaiting_approval', approval: { status: 'pending' } });
    expect(await made()).toHaveLength(before);

    const page = await (await at.as(at.cast.ada, 'GET', '/approvals')).text();
    for (const word of [
      'Create an issue',
      'By an agent',
      'Agent',
      'name="decision" value="approve"',
      'class="count waits"',
    ])
      expect(page).toContain(word);
    const agreed = await at.post(at.cast.ada, `/approvals/${id}/decision`, { decision: 'approve', note: 'Fine.' });
    expect(agreed.status).toBe(303);
    expect(await run(id)).toBe(1);
    const done = await agent.call('get_execution', { execution_id: id, wait_s: 20 });
    expect(done.structuredContent).toMatchObject({
      ...{ status: 'succeeded', tool: 'github.create_issue', approval: { status: 'approved', note: 'Fine.' } },
      result: { title: 'By an agent' },
    });
    expect(await made()).toHaveLength(before + 1);
    const other = await hub.agent((await keyWith({})).key);
    expect((await other.call('get_execution', { execution_id: id })).isError).toBe(true);
    expect((await other.call('get_execution', { execution_id: 'x' })).text).toContain('execution_id');
  });

  it('is answered 202 by the API; reading needs nobody, nor does adding where only destruction does', async () => {
    const careful = await keyWith({ approval: 'destructive' });
    const added = await ask(careful.key, 'Added at once');
    expect([added.http, added.status]).toEqual([200, 'succeeded']);
    const file = { repo: 'hello-world', path: 'a.md', text: 'a', message: 'a' };
    const body = { connector_id: codeId, arguments: file };
    const held = await by(careful.key, 'POST', '/api/tools/github.create_or_update_file/execute', body);
    expect(held.status).toBe(202);
    const answer = await held.json();
    expect(answer).toMatchObject({ status: 'awaiting_approval', data: null, error: null });
    expect(answer.approval.status_url).toBe(`/api/executions/${answer.execution_id}/result`);
    expect((await by(careful.key, 'GET', answer.approval.status_url)).status).toBe(200);
    expect(Date.parse(answer.approval.expires_at) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    const reads = await by((await keyWith({ approval: 'writes' })).key, 'POST', '/api/tools/github.get_user/execute', {
      ...{ connector_id: codeId, arguments: { login: 'octocat' } },
    });
    expect(reads.status).toBe(200);
    expect((await ask(careful.key, '')).http).toBe(422);
  });

  it('waits with 49 others at most, however many are asked for at once', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const first = await ask(key);
    const copies = (table: string, columns: string) => `
      insert into ${table} select (jsonb_populate_record(t, jsonb_build_object(${columns}))).* from ${table} t, generate_series(1, 46) n
      where t.id = '${first.execution_id}'`;
    const idOf = `md5('${first.execution_id}' || n)::uuid`;
    await change(sql.raw(copies('executions', `'id', ${idOf}`)));
    await change(sql.raw(copies('approvals', `'id', ${idOf}`)));
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(key)));
    expect(answers.map(({ http }) => http).sort()).toEqual([...Array(3).fill(202), ...Array(7).fill(409)]);
    await change(
      sql`update approvals set status = 'withdrawn', sealed = null where sealed is not null and status = 'pending'`,
    );
  });

  it('may neither send requests of its own that write, nor publish', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const account = await connectionUnder(at, codeId);
    expect((await by(key, 'GET', `/api/proxy/${account}/user`)).status).toBe(200);
    const sent = await by(key, 'POST', `/api/proxy/${account}/repos/octocat/hello-world/issues`, { title: 'x' });
    const told = await sent.json();
    expect([sent.status, told.code]).toEqual([403, 'approval_required']);
    const posted = await by(key, 'POST', '/api/publish', { targets: [codeId], content: { text: 'Hello' } });
    expect([posted.status, (await posted.json()).code]).toEqual([403, 'approval_required']);
  });

  it('does not hold what a person does', async () => {
    const body = { connector_id: codeId, arguments: { repo: 'hello-world', title: 'By hand' } };
    const answer = await at.as(at.cast.ada, 'POST', '/api/tools/github.create_issue/execute', body);
    expect(answer.status).toBe(200);
  });
});

describe('a decision', () => {
  it('counts once, also of two admins at the same moment, and runs once', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const { execution_id: id } = await ask(key, 'Only once');
    const before = (await made()).length;
    const both = await Promise.all([decide(id, 'approve'), decide(id, 'refuse'), decide(id, 'approve')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const approved = (await (await at.as(at.cast.ada, 'GET', `/api/approvals/${id}`)).json()).status === 'approved';
    await Promise.all([run(id), run(id), run(id)]);
    await run(id);
    expect(await made()).toHaveLength(before + (approved ? 1 : 0));
    expect((await result(key, id)).status).toBe(approved ? 'succeeded' : 'failed');
  });

  it('is for admins, never for who asked, and what was refused says so', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const { execution_id: id } = await ask(key, 'Refused');
    expect((await decide(id, 'approve', at.cast.ben)).status).toBe(403);
    expect((await decide(id, 'approve', at.cast.cleo)).status).toBe(404);
    const own = await hub.keyOf(at.cast.ada, ['approvals:read', 'approvals:write'], { role: 'admin' });
    expect((await by(own.key, 'GET', '/api/approvals?status=pending')).status).toBe(200);
    expect((await by(own.key, 'POST', `/api/approvals/${id}/approval`, { decision: 'approve' })).status).toBe(403);
    expect((await decide(id, 'refuse', at.cast.ada, 'Not today.')).status).toBe(200);
    const again = await (await decide(id, 'approve')).json();
    expect(again).toMatchObject({ status: 409, code: 'invalid_transition', approval: 'refused' });
    expect(await run(id)).toBe(0);
    const told = await result(key, id);
    expect(told).toMatchObject({ status: 'failed', data: null, approval: { status: 'refused', note: 'Not today.' } });
    expect(told.error).toMatchObject({ code: 'approval_refused' });
    expect(told.error.message).toContain('Not today.');
    const late = await at.post(at.cast.ada, `/approvals/${id}/decision`, { decision: 'approve' });
    expect(late.status).toBe(303);
    expect(await run(id)).toBe(0);
    const { data } = await (await at.as(at.cast.ada, 'GET', `/api/audit?subject_id=${id}`)).json();
    expect(data.map(({ action }: Json) => action)).toEqual(['approval.refused', 'approval.requested']);
  });
});

describe('what was approved', () => {
  it('is held to what the key may do when it runs', async () => {
    const { key, id: keyId } = await keyWith({ approval: 'writes', calls_per_hour: 1 });
    const { execution_id: id } = await ask(key, 'Within its own limit');
    expect((await ask(key, 'Too many')).http).toBe(409);
    await decide(id, 'approve');
    await run(id);
    expect((await result(key, id)).status).toBe('succeeded');

    const narrowed = await keyWith({ approval: 'writes' });
    const asked = await ask(narrowed.key, 'Narrowed');
    await decide(asked.execution_id, 'approve');
    await change(sql`update api_keys set limits = '{"approval":"writes","readOnly":true}' where id = ${narrowed.id}`);
    await run(asked.execution_id);
    expect(await result(narrowed.key, asked.execution_id)).toMatchObject({
      status: 'failed',
      error: { code: 'forbidden' },
    });
    expect(keyId).not.toBe(narrowed.id);
  });

  it('goes where it would have gone when it was asked for, as the same account, and only while its key may call tools', async () => {
    const moved = await install('Moved');
    const actAs = (account: string) =>
      change(sql`update connections set external_account_id = ${account} where connector_id = ${moved}`);
    await actAs('one');
    const { key, id: keyId } = await keyWith({ approval: 'writes' });
    const [elsewhere, unscoped] = [await ask(key, 'As who it was', moved), await ask(key, 'Allowed to call')];
    for (const { execution_id: id } of [elsewhere, unscoped]) expect((await decide(id, 'approve')).status).toBe(200);
    const before = (await made()).length;

    await actAs('another');
    await run(elsewhere.execution_id);
    const told = (await result(key, elsewhere.execution_id)).error;
    expect(told).toMatchObject({ code: 'approval_outdated', message: expect.stringContaining('another account') });

    await change(sql`update api_keys set scopes = '["executions:read"]' where id = ${keyId}`);
    await run(unscoped.execution_id);
    const seen = await (await at.as(at.cast.ada, 'GET', `/api/executions/${unscoped.execution_id}`)).json();
    expect(seen).toMatchObject({ status: 'failed', error: { code: 'approval_outdated' } });
    expect(await made()).toHaveLength(before);
  });

  it('ends with an unknown outcome when the hub dies after it began, and is never begun again', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const { execution_id: id } = await ask(key, 'Broken off');
    await decide(id, 'approve');
    // As a process leaves it that is killed between the claim and the call.
    await change(sql`update approvals set begun_at = now(), sealed = null where id = ${id}`);
    await change(
      sql`update executions set status = 'running', created_at = now() - interval '11 minutes' where id = ${id}`,
    );
    const before = (await made()).length;
    expect(await run(id)).toBe(0);
    await settleApprovals(at.hub);
    await endStuckExecutions(at.hub);
    expect((await result(key, id)).status).toBe('outcome_unknown');
    expect(await run(id)).toBe(0);
    expect(await made()).toHaveLength(before);
  });

  it('is ended by what it needs being gone, and by time', async () => {
    const { key } = await keyWith({ approval: 'writes' });
    const passing = await install('Passing');
    const [onConnector, late, tardy] = [await ask(key, 'a', passing), await ask(key, 'b'), await ask(key, 'c')];
    const revoked = await keyWith({ approval: 'writes' });
    const orphan = await ask(revoked.key, 'd');
    await decide(tardy.execution_id, 'approve');
    await deleteConnector(at.ctx(at.cast.ada), passing);
    await at.as(at.cast.ada, 'DELETE', `/api/api-keys/${revoked.id}`);
    for (const { execution_id: id } of [late, tardy])
      await change(sql`update approvals set expires_at = now() - interval '1 second' where id = ${id}`);
    expect((await decide(late.execution_id, 'approve')).status).toBe(409);
    expect(await run(tardy.execution_id)).toBe(0);
    await settleApprovals(at.hub);
    expect((await result(key, onConnector.execution_id)).error.code).toBe('approval_withdrawn');
    expect((await result(key, late.execution_id)).error.code).toBe('approval_expired');
    expect((await result(key, tardy.execution_id)).error.code).toBe('approval_expired');
    const seen = await (await at.as(at.cast.ada, 'GET', `/api/executions/${orphan.execution_id}`)).json();
    expect(seen).toMatchObject({ status: 'failed', error: { code: 'approval_withdrawn' } });
    const left = await change(
      sql`select count(*)::int as n from approvals where sealed is not null and result_until is null`,
    );
    const open = await (await at.as(at.cast.ada, 'GET', '/api/approvals?status=pending')).json();
    expect(left[0]?.n).toBe(open.data.length);
  });
});

it('shows what looks like a secret nowhere: pages, API, log, jobs, tables', async () => {
  const { key } = await keyWith({ approval: 'writes' });
  const body = {
    repo: 'hello-world',
    title: `see https://x.example/?access_token=${canary}`,
    body: `password=${canary}`,
  };
  const answer = await by(key, 'POST', '/api/tools/github.create_issue/execute', {
    connector_id: codeId,
    arguments: body,
  });
  const { execution_id: id } = await answer.json();
  const read = async (path: string) => (await at.as(at.cast.ada, 'GET', path)).text();
  const shown = [await read('/approvals'), await read(`/api/approvals/${id}`), await read(`/executions/${id}`)];
  expect(shown[0]).toContain('[redacted]');
  await decide(id, 'approve');
  await run(id);
  const agreed = [await read('/approvals'), await read(`/api/approvals/${id}`), await read(`/executions/${id}`)];
  const rows = await change(
    sql`select a::text as told from approvals a union all select e::text from executions e union all select e::text from audit_events e`,
  );
  for (const text of [...shown, ...agreed, ...at.logged, ...rows.map(({ told }) => String(told))])
    expect(text).not.toContain(canary);
  expect(JSON.stringify(await result(key, id))).toContain(canary);
  await change(sql`update approvals set result_until = now() - interval '1 second' where id = ${id}`);
  await settleApprovals(at.hub);
  expect(await result(key, id)).toMatchObject({ status: 'succeeded', data: null, data_until: null });
});

it('hides nothing but words from whoever decides, however it is called, how long it is or which way it is turned', async () => {
  const { key } = await keyWith({ approval: 'writes' });
  const parts = [
    `notes /*token="*/ remove the repository --"`,
    'x-secret-note: also this whole line',
    'Authorization: Bearer abcdef123456',
    'word '.repeat(1_900),
  ];
  const title = 'Pay \u202eeve\u200b';
  for (const body of [parts.join('\n'), `${parts.join('\n')} ${'word '.repeat(200)} the end`]) {
    const answer = await by(key, 'POST', '/api/tools/github.create_issue/execute', {
      ...{ connector_id: codeId, arguments: { repo: 'hello-world', title, body } },
    });
    const { execution_id: id } = await answer.json();
    const page = await (await at.as(at.cast.ada, 'GET', '/approvals')).text();
    const { arguments: told } = await (await at.as(at.cast.ada, 'GET', `/api/approvals/${id}`)).json();
    expect(told).toMatchObject({
      title,
      body: body.length > 10_000 ? body : body.replace('abcdef123456', '[redacted]'),
    });
    expect(page).toContain('Pay \\u202eeve\\u200b');
    expect(page).not.toContain('\u202e');
    for (const words of ['remove the repository', 'also this whole line']) expect(page).toContain(words);
    await decide(id, 'refuse');
  }
});

it('ends with the app that asked, at once, also when it was approved already', async () => {
  const dance = appDance(at);
  const { clientId, access_token } = await dance.connected(at.cast.ada, { access: 'approved' });
  const agent = await hub.agent(access_token);
  const held = await agent.call('code__create_issue', { repo: 'hello-world', title: 'By an app' });
  const id = String(held.structuredContent?.execution_id);
  await decide(id, 'approve');
  expect((await dance.form('/oauth/revoke', { client_id: clientId, token: access_token })).status).toBe(200);
  const { status } = await (await at.as(at.cast.ada, 'GET', `/api/approvals/${id}`)).json();
  expect(status).toBe('withdrawn');
  expect(await run(id)).toBe(0);
});
