import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { createPrice } from '../../../src/services/gateway/prices.ts';
import { makeResetLink } from '../../../src/services/people/password-reset.ts';
import { sealAudit } from '../../../src/services/secrets/audit-seals.ts';
import { verifyDueAudits } from '../../../src/services/secrets/audit-standing.ts';
import {
  getOperatorEvent,
  listOperatorEvents,
  type OperatorCtx,
} from '../../../src/services/tenants/operator-trail.ts';
import { setOperator } from '../../../src/services/tenants/operators.ts';
import { getTenant, resumeTenant, setQuotas } from '../../../src/services/tenants/tenant-admin.ts';
import { deleteTenant } from '../../../src/services/tenants/tenant-deletion.ts';
import { exportTenant } from '../../../src/services/tenants/tenant-export.ts';
import { createBudget } from '../../../src/services/usage/budget-settings.ts';
import { createWebhook } from '../../../src/services/webhooks/webhooks.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import { turnOnFactor } from '../../support/second-factor.ts';

const secret = 'abcd efgh ijkl mnop qrst uvwx';

let at: TestApp;
let ctx: OperatorCtx;
let northwind: string;
let tailspin: string;
beforeEach(async () => {
  at = await testApp();
  const { ada, cleo } = at.cast;
  northwind = ada.tenantId;
  tailspin = cleo.tenantId;
  ctx = { ...at.ctx(ada), actor: { type: 'user', id: ada.id, name: 'Ada' } };
  for (const person of [ada, cleo]) await installConnector(at.ctx(person), 'wordpress', blog);
  await setQuotas(ctx, tailspin, { max_connectors: '9', executions_per_hour: '' });
});
afterEach(() => at.close());

const blog = {
  name: 'Blog',
  tags: ['news'],
  config: { site_url: 'https://blog.example.com' },
  auth: { method: 'basic', username: 'editor', password: secret },
};
const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => expect.unreachable('it should have been refused'),
    (error) => {
      expect(error).toBeInstanceOf(AppError);
      return error;
    },
  );
const count = async (from: string, where = 'true') => {
  const admin = await import('../../../src/db/connection.ts');
  return admin.withConnection(at.database.admin, async (own) => {
    const [row] = await own.unsafe(`select count(*)::int as n from ${from} where ${where}`);
    return row?.n;
  });
};
const confirmed = { confirm: 'Tailspin', people: 'remove' };

describe('deleteTenant', () => {
  it('leaves no row of the tenant anywhere, and everything of others as it was', async () => {
    const others = async () => [await count('connectors'), await count('tenant_keys'), await count('users')];
    const [connectors, keys, users] = await others();
    const cleo = at.ctx(at.cast.cleo);
    await createWebhook(cleo, { url: 'https://example.com/hooks', events: ['connection.created'] });
    await installConnector(cleo, 'wordpress', { ...blog, name: 'Second blog' });
    await createBudget(cleo, { scope: 'workspace', period: 'day', limit_usd: '1' });
    await createPrice(cleo, { model: 'm', input_usd: '1', output_usd: '1' });
    await sealAudit(at.hub);
    await verifyDueAudits(at.hub);
    const { report, eventId } = await deleteTenant(ctx, tailspin, confirmed);
    expect(report).toEqual({
      data_keys: 1,
      rows: {
        ...{
          audit_events: 7,
          audit_seals: 1,
          audit_verifications: 1,
          budgets: 1,
          connections: 2,
          connectors: 2,
          price_overrides: 1,
          tenant_quotas: 1,
        },
        ...{ webhook_deliveries: 1, webhooks: 1 },
      },
      memberships: 1,
      people_removed: 1,
      people_kept: 0,
    });
    for (const table of [
      'audit_events',
      'audit_seals',
      'audit_verifications',
      'connectors',
      'tenant_quotas',
      'tenant_keys',
      'idempotency_keys',
      'api_keys',
      'webhooks',
      'imported_operations',
      'approvals',
    ])
      expect([table, await count(table, `tenant_id = '${tailspin}'`)]).toEqual([table, 0]);
    expect(await others()).toEqual([connectors - 1, keys - 1, users - 1]);
    expect((await getOperatorEvent(ctx, eventId)).details).toEqual(report);
    expect((await at.as(at.cast.cleo, 'GET', '/api/installed')).status).toBe(401);
    expect((await at.as(at.cast.ada, 'GET', '/api/installed')).status).toBe(200);
  });

  it('counts also what hangs on other rows, such as credentials', async () => {
    const admin = await import('../../../src/db/connection.ts');
    await admin.withConnection(at.database.admin, async (own) => {
      const [connection] = await own`select id, connector_id from connections where tenant_id = ${tailspin}`;
      for (const version of [1, 2, 3])
        await own`insert into credentials (tenant_id, id, connection_id, version, state, sealed)
          values (${tailspin}, ${uuidv7()}, ${connection?.id}, ${version}, 'previous', 'sealed')`;
      await own`insert into health_checks (tenant_id, id, connection_id, status, steps, message, trigger)
        values (${tailspin}, ${uuidv7()}, ${connection?.id}, 'healthy', '[]', '', 'person')`;
      const held = uuidv7();
      await own`insert into executions (tenant_id, id, tool, connector_id, status, actor_type, actor_name, request_id)
        values (${tailspin}, ${held}, 'github.create_issue', ${connection?.connector_id}, 'awaiting_approval', 'api_key', 'Agent', 'x')`;
      await own`insert into approvals (tenant_id, id, tool, title, connector_id, connector_name, connection_id, key_id, key_name,
          maker_id, maker_name, sealed, expires_at)
        values (${tailspin}, ${held}, 'github.create_issue', 'Create', ${connection?.connector_id}, 'Blog', ${connection?.id},
          ${uuidv7()}, 'Agent', ${uuidv7()}, 'Cleo', 'sealed', now())`;
      await own`insert into authorization_requests (tenant_id, id, connector_id, connection_id, created_by_type, expires_at)
        values (${tailspin}, ${uuidv7()}, ${connection?.connector_id}, ${connection?.id}, 'user', now())`;
    });
    const { report } = await deleteTenant(ctx, tailspin, confirmed);
    expect(report.rows).toMatchObject({
      approvals: 1,
      credentials: 3,
      health_checks: 1,
      authorization_requests: 1,
      connections: 1,
    });
  });

  it('goes by the typed name and asks about the people', async () => {
    for (const confirm of ['tailspin', 'Tailspin ', '', 'Northwind', null])
      expect((await errorOf(deleteTenant(ctx, tailspin, { ...confirmed, confirm }))).errors).toHaveProperty('confirm');
    const error = await errorOf(deleteTenant(ctx, tailspin, { ...confirmed, people: 'eat' }));
    expect(Object.keys(error.errors ?? {})).toEqual(['people']);
    expect(await count('connectors', `tenant_id = '${tailspin}'`)).toBe(1);
    expect((await listOperatorEvents(ctx, { subjectId: tailspin })).data.map(({ action }) => action)).not.toContain(
      'tenant.deletion_started',
    );
  });

  it('keeps those who belong elsewhere, operate the hub, or are to be kept', async () => {
    await setOperator(at.hub, at.cast.ada.email, true);
    const first = await deleteTenant(ctx, northwind, { confirm: 'Northwind', people: 'remove' });
    expect(first.report).toMatchObject({ memberships: 3, people_removed: 0, people_kept: 3 });
    const second = await deleteTenant(ctx, tailspin, { ...confirmed, people: 'keep' });
    expect(second.report).toMatchObject({ people_removed: 0, people_kept: 1 });
    const page = await at.as(at.cast.cleo, 'GET', '/catalog');
    expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('not a member of any workspace')]);
  });

  it('leaves nothing of the people who go: no sealed second factor, no link', async () => {
    await turnOnFactor(at, at.cast.ada);
    await turnOnFactor(at, at.cast.cleo);
    await makeResetLink(at.hub, at.cast.ada.email, { ip: null, userAgent: null });
    await makeResetLink(at.hub, at.cast.cleo.email, { ip: null, userAgent: null });
    await deleteTenant(ctx, tailspin, confirmed);
    expect([await count('hub_secrets', "name like 'totp:%'"), await count('verifications')]).toEqual([1, 1]);
    expect(await count('verifications', `value = '${at.cast.ada.id}'`)).toBe(1);
  });

  it('shreds the data keys first; interrupted, it is finished by deleting again and cannot be undone', async () => {
    const broken = { ...ctx, hub: { ...at.hub, db: { ...at.hub.db, system: failingAfter(1) } } };
    await expect(deleteTenant(broken, tailspin, confirmed)).rejects.toThrow('the power went');
    expect(await count('tenant_keys', `tenant_id = '${tailspin}'`)).toBe(0);
    expect(await count('connectors', `tenant_id = '${tailspin}'`)).toBe(1);
    expect((await getTenant(ctx, tailspin)).deletionStartedAt).toBeInstanceOf(Date);
    expect((await errorOf(resumeTenant(ctx, tailspin))).code).toBe('invalid_transition');
    expect((await at.as(at.cast.cleo, 'GET', '/api/installed')).status).toBe(403);

    const { report } = await deleteTenant(ctx, tailspin, confirmed);
    expect(report).toMatchObject({ data_keys: 0, rows: { connectors: 1 }, people_removed: 1 });
    expect((await errorOf(getTenant(ctx, tailspin))).code).toBe('not_found');
  });

  it('takes along what requests write that were under way', async () => {
    const cleo = at.ctx(at.cast.cleo);
    let over = false;
    const writing = (async () => {
      for (let n = 0; !over; n += 1) {
        await installConnector(cleo, 'wordpress', { ...blog, name: `Blog ${n}` }).catch((error) => {
          if (!over) throw error;
        });
      }
    })().catch(() => undefined); // once the workspace is gone, nothing can be written for it
    await expect.poll(() => count('connectors', `tenant_id = '${tailspin}'`)).toBeGreaterThan(2);
    const { report } = await deleteTenant(ctx, tailspin, confirmed);
    over = true;
    await writing;
    expect(report.rows.connectors).toBeGreaterThan(2);
    for (const table of ['audit_events', 'connectors', 'tenant_keys', 'organizations'])
      expect([table, await count(table, `${table === 'organizations' ? 'id' : 'tenant_id'} = '${tailspin}'`)]).toEqual([
        table,
        0,
      ]);
  });

  it('shreds more rows than go in one statement', async () => {
    await at.hub.db.system.transaction(async (tx) => {
      await tx.execute(sql`select set_config('app.tenant_id', ${tailspin}, true)`);
      await tx.execute(sql`
        insert into audit_events (tenant_id, id, action, actor_type, actor_name, subject_type, subject_name, details, request_id)
        select ${tailspin}::uuid, gen_random_uuid(), 'tested', 'system', 'Test', 'tenant', 'Tailspin', '{}', 'r'
        from generate_series(1, 4500)`);
    });
    expect((await deleteTenant(ctx, tailspin, confirmed)).report.rows.audit_events).toBe(4503);
  });
});

/** The system's database, whose transactions fail after so many. */
function failingAfter(good: number) {
  let left = good;
  return new Proxy(at.hub.db.system, {
    get(target, key, receiver) {
      if (key !== 'transaction') return Reflect.get(target, key, receiver);
      return (...given: Parameters<typeof target.transaction>) => {
        left -= 1;
        if (left < 0) throw new Error('the power went');
        return target.transaction(...given);
      };
    },
  });
}

describe('exportTenant', () => {
  const exported = async (id = tailspin) => {
    let text = '';
    for await (const piece of (await exportTenant(ctx, id)).pieces) text += piece;
    return { text, document: JSON.parse(text) };
  };

  it('is one document with everything but the secrets', async () => {
    const { text, document } = await exported();
    expect(document).toMatchObject({
      format: 'patchbay-workspace',
      version: 1,
      exported_by: 'Ada',
      workspace: { id: tailspin, name: 'Tailspin' },
      quotas: { max_connectors: 9, executions_per_hour: null },
      members: [{ name: 'Cleo', email: 'cleo@example.com', role: 'owner' }],
      invitations: [],
      entries: [],
      api_keys: [],
    });
    expect(document.connectors).toMatchObject([
      {
        catalog_key: 'wordpress',
        name: 'Blog',
        tags: ['news'],
        config: { site_url: 'https://blog.example.com' },
        auth: { method: 'basic', username: 'editor', password: { is_set: true, updated_at: expect.any(String) } },
      },
    ]);
    expect(document.audit_events.map(({ action }: { action: string }) => action)).toEqual([
      'tenant.created',
      'connector.installed',
      'tenant.quotas_changed',
      'tenant.exported',
    ]);
    for (const hidden of [secret, 'pb1.', '$sealed', 'wrapped', northwind, 'ada@example.com'])
      expect(text).not.toContain(hidden);
  });

  it('shows no hash of a key, and is a download for operators', async () => {
    const { cleo } = at.cast;
    await at.as(cleo, 'POST', '/api/api-keys', { name: 'Robot', role: 'member', scopes: ['connectors:read'] });
    await setOperator(at.hub, at.cast.ada.email, true);
    const response = await at.post(at.cast.ada, `/operator/tenants/${tailspin}/export`, {});
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="patchbay-tailspin-[\d-]{10}\.json"$/,
    );
    const document = await response.json();
    expect(document.api_keys).toMatchObject([{ name: 'Robot', scopes: ['connectors:read'] }]);
    expect(JSON.stringify(document)).not.toMatch(/"hash"/);
  });

  it('reads page after page', async () => {
    await at.hub.db.asTenant(tailspin, (tx) =>
      tx.execute(sql`
        insert into audit_events (tenant_id, id, action, actor_type, actor_name, subject_type, subject_name, details, request_id)
        select ${tailspin}::uuid, gen_random_uuid(), 'tested', 'system', 'Test', 'tenant', 'Tailspin', '{}', 'r'
        from generate_series(1, 450)`),
    );
    const { document } = await exported();
    const ids = new Set(document.audit_events.map(({ id }: { id: string }) => id));
    expect([document.audit_events.length, ids.size]).toEqual([454, 454]);
  });

  it('covers every table of tenants, or says why not', async () => {
    const left: Record<string, string> = {
      tenant_keys: 'the keys of what is not exported',
      audit_seals: 'say nothing without the key that they were made under',
      audit_verifications: 'what was found about the seals, which is found again each day',
      toolkit_cache: 'what brokers say about themselves, which they say again',
      idempotency_keys: 'sealed answers, forgotten after a day',
      budget_reservations: 'what calls hold that are under way',
      mcp_tokens: 'hashes of codes and tokens; the apps that they were given to are exported with the keys',
    };
    const { plainPages } = await import('../../../src/db/queries/tenant-export.ts');
    const plain = plainPages.map(({ name }) => (name === 'settings' ? 'tenant_settings' : name));
    const shaped = ['api_keys', 'audit_events', 'connectors', 'tenant_entries', 'tenant_quotas'];
    const covered = [...plain, ...shaped, ...Object.keys(left)];
    const { tenantTables } = await import('../../../src/db/queries/tenants.ts');
    expect((await tenantTables(at.hub.db.system)).toSorted()).toEqual(covered.toSorted());
  });
});
