import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertMember } from '../../../src/db/queries/identity.ts';
import { findMember, selectMembers } from '../../../src/db/queries/members.ts';
import { AppError } from '../../../src/errors.ts';
import { acceptInvitation } from '../../../src/services/people/acceptance.ts';
import {
  inviteMember,
  listInvitations,
  renewInvitation,
  revokeInvitation,
} from '../../../src/services/people/invitations.ts';
import { changeRole, removeMember } from '../../../src/services/people/members.ts';
import { withMembers } from '../../../src/services/people/with-members.ts';
import { suspendTenant } from '../../../src/services/tenants/tenant-admin.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import { type Person, password } from '../../support/cast.ts';

// A request learns its role when it comes in; others may decide about that person before it does its work.

let at: TestApp;
beforeEach(async () => {
  at = await testApp();
});
afterEach(() => at.close());

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => (error instanceof AppError ? error.code : error),
  );
const membership = async ({ id }: Person) => {
  const rows = await withMembers(at.ctx(at.cast.ada), (tx) => selectMembers(tx, at.cast.ada.tenantId));
  return rows.find(({ userId }) => userId === id)?.id ?? '';
};
const isMember = (id: string) =>
  withMembers(at.ctx(at.cast.ada), async (tx) => (await findMember(tx, at.cast.ada.tenantId, id)) !== null);
const tokenFor = async (by = at.cast.ada) => {
  const page = await at.post(by, '/settings/invitations', { email: 'eve@example.com', role: 'admin' });
  return /\/invitations\/([\w-]{43})/.exec(await page.text())?.[1] ?? '';
};

describe('a request that came in before its person lost rights', () => {
  it('changes and removes nobody', async () => {
    const { ada, ben, dan } = at.cast;
    const [bens, dans] = [await membership(ben), await membership(dan)];
    const before = at.ctx(dan); // an admin, when the request came in
    await changeRole(at.ctx(ada), bens, 'admin');
    await changeRole(at.ctx(ada), dans, 'member');
    expect(await codeOf(changeRole(before, bens, 'member'))).toBe('forbidden');
    expect(await codeOf(removeMember(before, bens))).toBe('forbidden');
    await removeMember(at.ctx(ada), dans);
    expect(await codeOf(removeMember(before, bens))).toBe('forbidden');
    expect(await isMember(bens)).toBe(true);
  });

  it('invites nobody, not even as a member', async () => {
    const { ada, dan } = at.cast;
    const eve = { email: 'eve@example.com', role: 'member' };
    const { id } = await inviteMember(at.ctx(ada), { ...eve, email: 'fay@example.com' });
    const before = at.ctx(dan);
    await changeRole(at.ctx(ada), await membership(dan), 'member');
    expect(await codeOf(inviteMember(before, eve))).toBe('forbidden');
    expect(await codeOf(renewInvitation(before, id))).toBe('forbidden');
    expect(await codeOf(revokeInvitation(before, id))).toBe('forbidden');
    await removeMember(at.ctx(ada), await membership(dan));
    expect(await codeOf(inviteMember(before, eve))).toBe('forbidden');
    expect((await listInvitations(at.ctx(ada))).map(({ email }) => email)).toEqual(['fay@example.com']);
  });

  it('may still leave', async () => {
    const { ada, dan } = at.cast;
    const dans = await membership(dan);
    const before = at.ctx(dan);
    await changeRole(at.ctx(ada), dans, 'member');
    expect(await codeOf(removeMember(before, dans))).toBe('done');
  });
});

describe('the invitations of somebody who was removed', () => {
  it('stay dead when they come back', async () => {
    const { ada, dan } = at.cast;
    const token = await tokenFor(dan);
    await removeMember(at.ctx(ada), await membership(dan));
    await withMembers(at.ctx(ada), (tx) =>
      insertMember(tx, { id: uuidv7(), organizationId: ada.tenantId, userId: dan.id, role: 'admin' }),
    );
    const guest = { user: null, ip: null, requestId: 'test' };
    expect(await codeOf(acceptInvitation(at.hub, token, guest, { name: 'Eve', password }))).toBe('conflict');
  });
});

describe('an invitation that is being accepted', () => {
  const guest = { user: null, ip: null, requestId: 'test' };
  /** Choosing a password takes a while: `meanwhile` happens after the link was looked at. */
  const accept = (token: string, meanwhile: () => Promise<unknown>) => {
    const { db } = at.hub;
    const system = new Proxy(db.system, {
      get(target, key, receiver) {
        if (key !== 'transaction') return Reflect.get(target, key, receiver);
        return async (...given: Parameters<typeof target.transaction>) => {
          await meanwhile();
          return target.transaction(...given);
        };
      },
    });
    return acceptInvitation({ ...at.hub, db: { ...db, system } }, token, guest, { name: 'Eve', password });
  };

  it('lets nobody in once whoever invited has lost the right to', async () => {
    const { ada, dan } = at.cast;
    const dans = await membership(dan);
    const token = await tokenFor(dan);
    const answer = codeOf(accept(token, () => removeMember(at.ctx(ada), dans)));
    expect(await answer).toBe('conflict');
  });

  it('lets nobody into a workspace that is suspended meanwhile', async () => {
    const { ada } = at.cast;
    const operator = { ...at.ctx(ada), actor: { type: 'user' as const, id: ada.id, name: 'Ada' } };
    const token = await tokenFor();
    const answer = codeOf(accept(token, () => suspendTenant(operator, ada.tenantId, '')));
    expect(await answer).toBe('suspended');
  });
});
