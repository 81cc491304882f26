import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx } from '../../../src/context.ts';
import { withConnection } from '../../../src/db/connection.ts';
import type { ConnectorInput } from '../../../src/services/connectors/connector-input.ts';
import { deleteConnector } from '../../../src/services/connectors/connector-status.ts';
import { installConnector, updateConnector } from '../../../src/services/connectors/connectors.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let hub: TestApp;
let ada: Ctx;
beforeAll(async () => {
  hub = await testApp();
  ada = hub.ctx(hub.cast.ada);
});
afterAll(() => hub.close());

const blog = (name: string, change: Partial<ConnectorInput> = {}): ConnectorInput => ({
  name,
  config: { site_url: 'https://blog.example.com', permalinks: 'plain' },
  auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
  tags: ['marketing'],
  ...change,
});
const install = (input: ConnectorInput, id?: string) => installConnector(ada, 'wordpress', input, { id });

async function events(): Promise<number> {
  const rows = await ada.hub.db.asTenant(ada.tenantId, (tx) =>
    tx.execute(sql`select count(*)::int as n from audit_events`),
  );
  return (rows as unknown as { n: number }[])[0]?.n ?? 0;
}

describe('one form that is sent twice', () => {
  it('installs once', async () => {
    const id = uuidv7();
    const before = await events();
    const sent = await Promise.all([install(blog('Twice'), id), install(blog('Twice'), id)]);
    expect(sent.map((connector) => connector.id)).toEqual([id, id]);
    expect(await events()).toBe(before + 1);
  });

  it.each([
    ['another address', { config: { site_url: 'https://other.example.com' } }],
    ['another secret', { auth: { method: 'basic', username: 'editor', password: 'aaaa efgh ijkl mnop qrst uvwx' } }],
    ['other tags', { tags: [] }],
  ])('with %s under the same name says so and does not pass for saved', async (what, change) => {
    const id = uuidv7();
    await install(blog(what), id);
    await expect(install(blog(what, change), id)).rejects.toMatchObject({
      code: 'conflict',
      errors: { name: [/taken/] },
    });
  });

  it('with another name installs another one', async () => {
    const id = uuidv7();
    await install(blog('First'), id);
    const second = await install(blog('Second'), id);
    expect(second).toMatchObject({ name: 'Second', version: 1 });
    expect(second.id).not.toBe(id);
  });

  it('after the first one was renamed or deleted installs another one', async () => {
    for (const change of ['renamed', 'deleted']) {
      const id = uuidv7();
      await install(blog(`To be ${change}`), id);
      if (change === 'deleted') await deleteConnector(ada, id);
      else await updateConnector(ada, id, { version: 1, name: 'Renamed' });
      expect((await install(blog(`To be ${change}`), id)).id).not.toBe(id);
    }
  });
});

describe('many at once', () => {
  it('whose names want the same handle each get one of their own', async () => {
    const names = Array.from({ length: 12 }, (_, n) => 'あ'.repeat(n + 1));
    const installed = await Promise.all(names.map((name) => install(blog(name))));
    expect(new Set(installed.map(({ handle }) => handle)).size).toBe(names.length);
  });
});

describe('a stored password of a database', () => {
  const pg = (config: object) => ({ host: 'db.example.com', database: 'sales', ...config });

  it('is asked for again before it goes there less protected, and not before it goes there better protected', async () => {
    const auth = { method: 'basic', username: 'reader', password: 'canary' };
    const input = { name: 'Sales', config: pg({ sslmode: 'require' }), auth, tags: [] };
    const { id } = await installConnector(ada, 'postgresql', input);
    const change = (version: number, config: object) => updateConnector(ada, id, { version, config: pg(config) });
    await expect(change(1, { sslmode: 'prefer' })).rejects.toMatchObject({ code: 'secret_required' });
    await expect(change(1, { sslmode: 'disable' })).rejects.toMatchObject({ code: 'secret_required' });
    expect((await change(1, { sslmode: 'verify-ca' })).version).toBe(2);
    expect((await change(2, {})).version).toBe(3);
    await expect(change(3, { sslmode: 'require' })).rejects.toMatchObject({ code: 'secret_required' });
  });
});

describe('a workspace whose data keys are lost', () => {
  it('still lists its connectors and tells which secrets are gone', async () => {
    const { cleo } = hub.cast;
    const input = { name: 'Shredded', config: {}, auth: { method: 'api_key', api_key: 'ak_abcdefghijkl' }, tags: [] };
    await installConnector(hub.ctx(cleo), 'composio', input);
    await withConnection(
      hub.database.admin,
      (admin) => admin`delete from tenant_keys where tenant_id = ${cleo.tenantId}`,
    );
    const response = await hub.as(cleo, 'GET', '/api/installed');
    expect((await response.json()).data).toMatchObject([{ name: 'Shredded', unreadable_secrets: ['auth.api_key'] }]);
  });
});
