import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { purgeDeletedConnectors } from '../../../src/services/connectors/connector-purge.ts';
import { deleteConnector, restoreConnector } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { listOperatorEvents, type OperatorCtx } from '../../../src/services/tenants/operator-trail.ts';
import {
  getTenant,
  listTenants,
  renameTenant,
  resumeTenant,
  setQuotas,
  suspendTenant,
} from '../../../src/services/tenants/tenant-admin.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let at: TestApp;
let ctx: OperatorCtx;
let northwind: string;
beforeAll(async () => {
  at = await testApp();
  northwind = at.cast.ada.tenantId;
  ctx = { ...at.ctx(at.cast.ada), actor: { type: 'user', id: at.cast.ada.id, name: 'Ada' } };
});
afterAll(() => at.close());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error) => (error instanceof AppError ? error.code : String(error)),
  );
const install = (name: string, id?: string) =>
  installConnector(
    at.ctx(at.cast.ada),
    'wordpress',
    {
      name,
      tags: [],
      config: { site_url: 'https://blog.example.com' },
      auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
    },
    { id },
  );
const history = async (action: string) => {
  const rows = await at.hub.db.asTenant(northwind, (tx) =>
    tx.execute(sql`select actor_name, details from audit_events where action = ${action}`),
  );
  return [...rows];
};
const trail = async () => (await listOperatorEvents(ctx, { subjectId: northwind })).data.map(({ action }) => action);

describe('listTenants', () => {
  it('finds workspaces by name and by their people, with what they hold, page by page', async () => {
    await install('Listed');
    const { data } = await listTenants(ctx, { q: 'NORTH' });
    expect(data).toMatchObject([{ name: 'Northwind', people: 3, connectors: 1, quotas: { maxConnectors: null } }]);
    expect((await listTenants(ctx, { q: 'cleo@' })).data.map(({ name }) => name)).toEqual(['Tailspin']);
    expect((await listTenants(ctx, { q: '100%' })).data).toEqual([]);
    const all = (await listTenants(ctx)).data.map(({ name }) => name);
    const first = await listTenants(ctx, { limit: 2 });
    const rest = await listTenants(ctx, { limit: 10, cursor: first.nextCursor ?? '' });
    expect([...first.data, ...rest.data].map(({ name }) => name)).toEqual(all);
    expect(all).toEqual(['Home of Ben', 'Home of Dan', 'Northwind', 'Tailspin']);
  });

  it('answers for workspaces that do not exist', async () => {
    for (const id of ['x', '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78'])
      expect([
        await codeOf(getTenant(ctx, id)),
        await codeOf(renameTenant(ctx, id, 'New')),
        await codeOf(suspendTenant(ctx, id, '')),
        await codeOf(resumeTenant(ctx, id)),
      ]).toEqual(['not_found', 'not_found', 'not_found', 'not_found']);
  });
});

describe('renameTenant', () => {
  it('is noted in the workspace and in the trail, once', async () => {
    await renameTenant(ctx, northwind, '  Northwind GmbH ');
    await renameTenant(ctx, northwind, 'Northwind GmbH');
    expect((await getTenant(ctx, northwind)).name).toBe('Northwind GmbH');
    expect(await history('tenant.renamed')).toEqual([{ actor_name: 'Ada', details: { before: 'Northwind' } }]);
    expect(await trail()).toEqual(['tenant.renamed', 'tenant.created']);
    for (const name of ['', '  ', 'x'.repeat(256), 'a\u202eb', 7])
      expect(await codeOf(renameTenant(ctx, northwind, name))).toBe('invalid_input');
  });
});

describe('a suspended workspace', () => {
  it('lets nobody in, tells them why, and goes on where it stopped', async () => {
    const { ada, ben, cleo } = at.cast;
    await suspendTenant(ctx, northwind, 'The contract has ended.');
    const page = await at.as(ben, 'GET', '/installed');
    expect(page.status).toBe(403);
    expect(await page.text()).toMatch(
      /suspended: The contract has ended\. Nothing is lost.*Go to Home of Ben.*Sign out/s,
    );
    const answer = await at.as(ada, 'GET', '/api/installed');
    expect([answer.status, (await answer.json()).code]).toEqual([403, 'suspended']);
    expect((await at.as(cleo, 'GET', '/api/installed')).status).toBe(200);
    const away = await at.post(ben, '/settings/workspace', { tenant_id: northwind });
    expect(away.status).toBe(303);

    await resumeTenant(ctx, northwind);
    expect((await at.as(ada, 'GET', '/api/installed')).status).toBe(200);
    expect(await history('tenant.suspended')).toHaveLength(1);
    expect(await history('tenant.resumed')).toHaveLength(1);
  });

  it('is given a reason that can be kept and read', async () => {
    for (const reason of ['a\0b', 'a\u202eb', 'a\r\nb', 'a\ud800', 'x'.repeat(501)])
      expect([reason, await codeOf(suspendTenant(ctx, northwind, reason))]).toEqual([reason, 'invalid_input']);
    expect((await at.as(at.cast.ada, 'GET', '/api/installed')).status).toBe(200);
  });

  it('is shut for programs as well', async () => {
    const made = await at.as(at.cast.ada, 'POST', '/api/api-keys', {
      name: 'Broadcaster',
      role: 'member',
      scopes: ['connectors:read'],
    });
    const headers = { authorization: `Bearer ${(await made.json()).key}` };
    expect((await at.as(null, 'GET', '/api/installed', undefined, headers)).status).toBe(200);
    await suspendTenant(ctx, northwind, '');
    const refused = await at.as(null, 'GET', '/api/installed', undefined, headers);
    expect([refused.status, (await refused.json()).code]).toEqual([403, 'suspended']);
    await resumeTenant(ctx, northwind);
    expect((await at.as(null, 'GET', '/api/installed', undefined, headers)).status).toBe(200);
  });

  it('is left alone by the clock', async () => {
    const { id } = await install('Deleted long ago');
    await deleteConnector(at.ctx(at.cast.ada), id);
    await at.hub.db.asTenant(northwind, (tx) =>
      tx.execute(sql`update connectors set deleted_at = now() - interval '1 hour' where id = ${id}`),
    );
    await suspendTenant(ctx, northwind, '');
    expect(await purgeDeletedConnectors(at.hub)).toBe(0);
    await resumeTenant(ctx, northwind);
    expect(await purgeDeletedConnectors(at.hub)).toBe(1);
  });
});

describe('the limit of connectors', () => {
  const limit = (max_connectors: string) => setQuotas(ctx, northwind, { max_connectors, executions_per_hour: '' });
  const now = async () => (await getTenant(ctx, northwind)).connectors;

  it('holds when many install at once, and says whom to ask', async () => {
    const room = 3;
    const max = (await now()) + room;
    await limit(String(max));
    const codes = await Promise.all(Array.from({ length: 8 }, (_, n) => codeOf(install(`At once ${n}`))));
    expect(codes.filter((code) => code === 'done')).toHaveLength(room);
    expect(codes.filter((code) => code === 'quota_exceeded')).toHaveLength(8 - room);
    const answer = await at.as(at.cast.ada, 'POST', '/api/connectors', {
      ...{ catalog_key: 'wordpress', name: 'One more', config: { site_url: 'https://blog.example.com' } },
      auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
    });
    const problem = await answer.json();
    expect([answer.status, problem.code, problem.max_connectors]).toEqual([409, 'quota_exceeded', max]);
    expect(problem.detail).toContain(`at most ${max} connectors and has ${max}`);
    expect(problem.detail).toContain('ask the operator');
  });

  it('is not passed by bringing a deleted one back, nor met by a form that is sent twice', async () => {
    const id = '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a79';
    await limit(String((await now()) + 1));
    await install('The last one', id);
    expect((await install('The last one', id)).id).toBe(id);
    await deleteConnector(at.ctx(at.cast.ada), id);
    const other = await install('In its place');
    expect(await codeOf(restoreConnector(at.ctx(at.cast.ada), id))).toBe('quota_exceeded');
    await deleteConnector(at.ctx(at.cast.ada), other.id);
    expect(await codeOf(restoreConnector(at.ctx(at.cast.ada), id))).toBe('done');
  });

  it('takes nothing away when it is lowered, and goes when it is blank', async () => {
    const before = await now();
    await limit('0');
    expect(await now()).toBe(before);
    expect(await codeOf(install('Above'))).toBe('quota_exceeded');
    await limit('');
    expect(await codeOf(install('Above'))).toBe('done');
    expect((await getTenant(ctx, northwind)).quotas).toEqual({ maxConnectors: null, executionsPerHour: null });
  });

  it('takes whole numbers only, and is nothing that the workspace can change', async () => {
    for (const wrong of ['-1', '1.5', 'many', '1000001', '99999999999'])
      expect(await codeOf(limit(wrong))).toBe('invalid_input');
    await limit('5');
    await expect(
      at.hub.db.asTenant(northwind, (tx) => tx.execute(sql`update tenant_quotas set max_connectors = 99`)),
    ).rejects.toThrow('permission denied');
    await limit('');
  });
});
