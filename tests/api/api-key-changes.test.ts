import { afterAll, beforeAll, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type Json, type TestApp, testApp } from '../support/app.ts';
import { connectedApp } from '../support/apps.ts';

let at: TestApp;
beforeAll(async () => {
  at = await testApp();
});
afterAll(() => at.close());

const keyOf = async (more: Json = {}): Promise<Json> =>
  (
    await at.as(at.cast.ada, 'POST', '/api/api-keys', {
      name: 'Agent',
      role: 'member',
      scopes: ['tools:read'],
      ...more,
    })
  ).json();
const patch = (id: string, body: Json, person = at.cast.ada) => at.as(person, 'PATCH', `/api/api-keys/${id}`, body);
const budgetsOf = async (id: string) => {
  const { data } = await (await at.as(at.cast.ada, 'GET', '/api/budgets')).json();
  return data.flatMap((each: Json) => (each.subject_id === id ? `${Number(each.limit_usd)} a ${each.period}` : []));
};

it('changes limits, end and budgets of a key, says which, and leaves the rest', async () => {
  const { id } = await keyOf({ limits: { read_only: true } });
  const expires_at = new Date(Date.now() + 86_400_000).toISOString();
  const limits = { tools: ['github.*'], calls_per_hour: 5, approval: 'writes', approval_hours: 2 };
  const changed = await patch(id, { limits, expires_at, spend: { day_usd: '1.50', month_usd: '20' } });
  expect(changed.status).toBe(200);
  expect(await changed.json()).toMatchObject({ limits, expires_at, scopes: ['tools:read'], role: 'member' });
  expect((await budgetsOf(id)).sort()).toEqual(['1.5 a day', '20 a month'].sort());
  await patch(id, { spend: { day_usd: null, month_usd: '30' } });
  expect(await budgetsOf(id)).toEqual(['30 a month']);
  const { data } = await (await at.as(at.cast.ada, 'GET', `/api/audit?subject_id=${id}&action=api_key.changed`)).json();
  expect(data).toHaveLength(1);
  expect(data[0].details.changed.sort()).toEqual(
    [
      'expires_at',
      'limits.approval',
      'limits.approval_hours',
      'limits.calls_per_hour',
      'limits.read_only',
      'limits.tools',
    ].sort(),
  );
  expect((await patch(id, { limits })).status).toBe(200);
  expect((await (await patch(id, {})).json()).limits).toEqual(limits);
});

it('saves budgets and limits together or not at all', async () => {
  const { id } = await keyOf();
  const only = (statement: string) => withConnection(at.database.admin, (own) => own.unsafe(statement));
  await only(`alter table audit_events add constraint no_change check (action <> 'api_key.changed') not valid`);
  const failed = await patch(id, { limits: { read_only: true }, spend: { day_usd: '1.50' } });
  await only('alter table audit_events drop constraint no_change');
  expect(failed.status).toBe(500);
  expect(await budgetsOf(id)).toEqual([]);
  expect((await patch(id, { limits: { read_only: true }, spend: { day_usd: '1.50' } })).status).toBe(200);
  expect(await budgetsOf(id)).toEqual(['1.5 a day']);
});

it('refuses what is wrong by field, what is not theirs, and what has ended', async () => {
  const { id } = await keyOf();
  const wrong = await patch(id, { expires_at: '2020-01-01T00:00:00Z', spend: { day_usd: 'much' } });
  expect(wrong.status).toBe(422);
  expect(Object.keys((await wrong.json()).errors).sort()).toEqual(['expires_at', 'spend.day_usd']);
  expect(await budgetsOf(id)).toEqual([]);
  expect((await patch(id, { limits: { approval: 'sometimes' } })).status).toBe(422);
  expect((await patch(id, {}, at.cast.ben)).status).toBe(403);
  expect((await patch(id, {}, at.cast.cleo)).status).toBe(404);
  const admin = at.ctx(at.cast.ada, 'admin');
  const { changeApiKey } = await import('../../src/services/api-keys/api-key-changes.ts');
  const owners = await keyOf({ role: 'owner' });
  await expect(changeApiKey(admin, owners.id, { limits: {} })).rejects.toMatchObject({ code: 'forbidden' });
  await expect(changeApiKey(admin, id, { spend: { day_usd: '1' } })).rejects.toMatchObject({ code: 'forbidden' });
  await expect(changeApiKey(admin, id, { limits: { read_only: true } })).resolves.toMatchObject({
    limits: { readOnly: true },
  });
  await at.as(at.cast.ada, 'DELETE', `/api/api-keys/${id}`);
  expect((await patch(id, { limits: {} })).status).toBe(409);
});

it('leaves what somebody agreed to for an app, also from owners', async () => {
  const id = await connectedApp(at, at.cast.ben);
  expect((await patch(id, { limits: {}, expires_at: null })).status).toBe(404);
  expect((await patch(id, { spend: { day_usd: '1' } })).status).toBe(404);
  expect(await budgetsOf(id)).toEqual([]);
  const page = await (await at.as(at.cast.ada, 'GET', `/settings/api-keys/${id}`)).text();
  expect(page).toContain('What an app may do is what its person agreed to.');
  expect((await at.as(at.cast.ada, 'DELETE', `/api/api-keys/${id}`)).status).toBe(204);
});

it('is done on the page of the key, which shows what was wrong and what it is now', async () => {
  const { id } = await keyOf({ limits: { calls_per_hour: 7 } });
  const path = `/settings/api-keys/${id}`;
  const page = await (await at.as(at.cast.ada, 'GET', path)).text();
  for (const word of ['value="7"', '7 calls an hour', 'name="spend.day_usd"', 'As it is']) expect(page).toContain(word);
  const put = (fields: Record<string, string>) =>
    at.post(at.cast.ada, path, { _method: 'PUT', expires_at: 'keep', ...fields });
  const wrong = await put({ 'limits.calls_per_hour': 'many', 'spend.month_usd': '1' });
  expect(wrong.status).toBe(422);
  expect(await wrong.text()).toContain('value="many"');
  const saved = await put({
    'limits.approval': 'destructive',
    limit_read_only: 'on',
    'spend.day_usd': '2.5',
    'spend.month_usd': '',
  });
  expect(saved.status).toBe(303);
  const list = await (await at.as(at.cast.ada, 'GET', '/settings/api-keys')).text();
  for (const word of ['Only reads', 'Destructive calls need approval', '$2.50 a day']) expect(list).toContain(word);
  expect(list).not.toContain('7 calls an hour');
});
