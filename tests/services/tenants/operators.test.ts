import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  getOperatorEvent,
  listOperatorEvents,
  type OperatorCtx,
} from '../../../src/services/tenants/operator-trail.ts';
import { setOperator } from '../../../src/services/tenants/operators.ts';
import { completeSetup, ensureFirstOwner } from '../../../src/services/tenants/setup.ts';
import { failure, type IdentityHub, identityHub, password } from '../people/identity-hub.ts';

let at: IdentityHub;
let ctx: OperatorCtx;
beforeEach(async () => {
  at = await identityHub();
  const { hub } = at;
  ctx = { hub, log: hub.log, actor: { type: 'user', id: null, name: 'Ada' }, requestId: 'test', ip: null };
});
afterEach(() => at.drop());

const operators = async () =>
  (
    await at.hub.db.system.execute<{ email: string }>(
      sql`select u.email from operators o join users u on u.id = o.user_id order by 1`,
    )
  ).map(({ email }) => email);

describe('the first owner', () => {
  it('of ADMIN_* is an operator', async () => {
    const config = at.configFor('http://127.0.0.1:3000', { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password });
    await ensureFirstOwner({ ...at.hub, config });
    expect(await operators()).toEqual(['ada@example.com']);
  });

  it('of /setup is an operator, and owners of later workspaces are not', async () => {
    const { url } = await ensureFirstOwner(at.hub);
    const token = new URL(url ?? '').searchParams.get('token');
    await completeSetup(at.hub, { token, tenant_name: 'Acme', name: 'Ada', email: 'ada@example.com', password });
    await at.makeTenant('Umbrella', 'cleo@example.com');
    expect(await operators()).toEqual(['ada@example.com']);
  });
});

describe('setOperator', () => {
  it('names and dismisses people by their address, and says what changed', async () => {
    await at.makeTenant('Acme', 'ada@example.com');
    expect(await setOperator(at.hub, ' ADA@example.com ', true)).toMatchObject({ changed: true, left: 1 });
    expect(await setOperator(at.hub, 'ada@example.com', true)).toMatchObject({ changed: false, left: 1 });
    expect(await setOperator(at.hub, 'ada@example.com', false)).toMatchObject({ changed: true, left: 0 });
    expect(await setOperator(at.hub, 'ada@example.com', false)).toMatchObject({ changed: false, left: 0 });
    expect(await operators()).toEqual([]);
  });

  it('says which address nobody has', async () => {
    for (const email of ['nobody@example.com', '', null]) {
      const error = await failure(setOperator(at.hub, email, true));
      expect([error.code, Object.keys(error.errors ?? {})]).toEqual(['invalid_input', ['email']]);
    }
  });
});

describe('the trail', () => {
  it('notes each change once, newest first, page by page', async () => {
    await at.makeTenant('Acme', 'ada@example.com');
    for (const wanted of [true, true, false, true]) await setOperator(at.hub, 'ada@example.com', wanted);
    const first = await listOperatorEvents(ctx, { limit: 2 });
    const rest = await listOperatorEvents(ctx, { limit: 10, cursor: first.nextCursor ?? '' });
    expect([...first.data, ...rest.data].map(({ action }) => action)).toEqual([
      'operator.added',
      'operator.removed',
      'operator.added',
      'tenant.created',
    ]);
    expect(rest.nextCursor).toBeNull();
    const [latest] = first.data;
    expect(await getOperatorEvent(ctx, latest?.id ?? '')).toEqual(latest);
    const about = await listOperatorEvents(ctx, { subjectId: at.tenantId('Acme') });
    expect(about.data.map(({ action }) => action)).toEqual(['tenant.created']);
  });

  it('cannot be rewritten, and has no other events', async () => {
    expect((await failure(getOperatorEvent(ctx, 'x'))).code).toBe('not_found');
    expect((await failure(getOperatorEvent(ctx, '0197a8e2-5d7c-7cc1-9a55-3f1d2c4b6a78'))).code).toBe('not_found');
    for (const change of [sql`update operator_events set actor_name = 'x'`, sql`delete from operator_events`])
      await expect(at.hub.db.system.execute(change)).rejects.toThrow('permission denied');
  });

  it('is nothing that a workspace could see', async () => {
    const tenantId = await at.makeTenant('Acme', 'ada@example.com').then(() => at.tenantId('Acme'));
    for (const query of [sql`select * from operator_events`, sql`select * from operators`])
      await expect(at.hub.db.asTenant(tenantId, (tx) => tx.execute(query))).rejects.toThrow('permission denied');
  });
});
