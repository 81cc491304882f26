import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx } from '../../../src/context.ts';
import { withConnection } from '../../../src/db/connection.ts';
import { purgeDeletedConnectors } from '../../../src/services/connectors/connector-purge.ts';
import { deleteConnector, restoreConnector } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let hub: TestApp;
let ada: Ctx;
beforeAll(async () => {
  hub = await testApp();
  ada = hub.ctx(hub.cast.ada);
});
afterAll(() => hub.close());

async function deleted(minutesAgo: number): Promise<string> {
  const auth = { method: 'api_key', api_key: 'ak_abcdefghijkl' };
  const { id } = await installConnector(ada, 'composio', { name: uuidv7(), config: {}, auth, tags: [] });
  await deleteConnector(ada, id);
  await withConnection(
    hub.database.admin,
    (sql) => sql`update connectors set deleted_at = now() - make_interval(mins => ${minutesAgo}) where id = ${id}`,
  );
  return id;
}

describe('the purge', () => {
  it('takes what was deleted more than ten minutes ago, and nothing else', async () => {
    const [old, recent] = [await deleted(11), await deleted(9)];
    expect(await purgeDeletedConnectors(ada.hub)).toBe(1);
    await expect(restoreConnector(ada, old)).rejects.toMatchObject({ code: 'not_found' });
    expect((await restoreConnector(ada, recent)).deletedAt).toBeNull();
  });

  it('leaves what was restored and deleted anew after it was found', async () => {
    const id = await deleted(11);
    const { db } = ada.hub;
    const system = Object.create(db.system, {
      execute: {
        value: async (...query: Parameters<typeof db.system.execute>) => {
          const due = await db.system.execute(...query);
          await restoreConnector(ada, id);
          await deleteConnector(ada, id);
          return due;
        },
      },
    });
    expect(await purgeDeletedConnectors({ ...ada.hub, db: { ...db, system } })).toBe(0);
    expect((await restoreConnector(ada, id)).deletedAt).toBeNull();
  });
});
