import { v7 as uuidv7 } from 'uuid';
import type { Hub } from '../../src/context.ts';
import { insertMember } from '../../src/db/queries/identity.ts';
import type { Role } from '../../src/lib/role.ts';
import type { Identity } from '../../src/services/people/identity.ts';
import { createTenant } from '../../src/services/tenants/tenants.ts';

export interface Person {
  id: string;
  name: string;
  email: string;
  role: Role;
  tenantId: string;
  /** The session, as a Cookie header. */
  cookie: string;
}

/** Ada owns Northwind, Dan is an admin and Ben a member there; Cleo owns Tailspin and has no business in Northwind. */
export interface Cast {
  ada: Person;
  dan: Person;
  ben: Person;
  cleo: Person;
}

export const password = 'correct horse battery';

export async function makeCast(hub: Hub, identity: Identity): Promise<Cast> {
  const owned = (tenant: string, name: string) =>
    createTenant(hub, { name: tenant, owner: { name, email: emailOf(name), password } });
  const northwind = await owned('Northwind', 'Ada');
  const tailspin = await owned('Tailspin', 'Cleo');
  const joined = async (name: string, role: Role) => {
    // People get their account with a workspace of their own, and then join Northwind.
    const home = await owned(`Home of ${name}`, name);
    await hub.db.system.transaction((tx) =>
      insertMember(tx, { id: uuidv7(), organizationId: northwind.tenant.id, userId: home.owner.id, role }),
    );
    return home.owner.id;
  };
  const person = async (name: string, id: string, role: Role, tenantId: string): Promise<Person> => {
    const cookie = await signedIn(identity, emailOf(name), tenantId);
    return { id, name, email: emailOf(name), role, tenantId, cookie };
  };
  const [danId, benId] = [await joined('Dan', 'admin'), await joined('Ben', 'member')];
  return {
    ada: await person('Ada', northwind.owner.id, 'owner', northwind.tenant.id),
    dan: await person('Dan', danId, 'admin', northwind.tenant.id),
    ben: await person('Ben', benId, 'member', northwind.tenant.id),
    cleo: await person('Cleo', tailspin.owner.id, 'owner', tailspin.tenant.id),
  };
}

const emailOf = (name: string) => `${name.toLowerCase()}@example.com`;

/** A session of this person in this workspace, as a Cookie header. */
export async function signedIn(identity: Identity, email: string, tenantId?: string): Promise<string> {
  const { setCookies } = await identity.signIn({ email, password, ip: null });
  const cookie = setCookies.map((each) => each.split(';')[0]).join('; ');
  const session = await identity.readSession(new Headers({ cookie }));
  if (session && tenantId && session.tenant?.id !== tenantId) await identity.switchTenant(session, tenantId);
  return cookie;
}
