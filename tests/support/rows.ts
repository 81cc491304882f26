import { v7 as uuidv7 } from 'uuid';
import { insertMember, insertUser } from '../../src/db/queries/identity.ts';
import { inviteMember } from '../../src/services/invitations.ts';
import type { TestApp } from './app.ts';

let count = 0;

/** Makes what `:id` in this path stands for, in Northwind and for this one use; returns its id. */
export async function rowFor(hub: TestApp, path: string): Promise<string> {
  count += 1;
  const kind = Object.keys(makers).find((part) => path.includes(part)) ?? '/connectors';
  return (await makers[kind]?.(hub)) ?? '';
}

const makers: Record<string, (hub: TestApp) => Promise<string>> = {
  '/api-keys': async (hub) => {
    const body = { name: `Key ${count}`, role: 'member', scopes: ['catalog:read'] };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/api-keys', body)).json()).id;
  },
  '/invitations': async (hub) => {
    const { ada } = hub.cast;
    return (await inviteMember(hub.ctx(ada), { email: `guest${count}@example.com`, role: 'member' })).id;
  },
  '/members': async (hub) => {
    const [id, userId] = [uuidv7(), uuidv7()];
    await hub.hub.db.system.transaction(async (tx) => {
      await insertUser(tx, { id: userId, name: `Member ${count}`, email: `member${count}@example.com` });
      await insertMember(tx, { id, organizationId: hub.cast.ada.tenantId, userId, role: 'member' });
    });
    return id;
  },
  '/connectors': async (hub) => {
    const body = {
      catalog_key: 'wordpress',
      name: `Made ${count}`,
      config: { site_url: 'https://blog.example.com' },
      auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
    };
    return (await (await hub.as(hub.cast.ada, 'POST', '/api/connectors', body)).json()).id;
  },
};
