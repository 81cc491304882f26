import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ctx } from '../../../src/context.ts';
import { withConnection } from '../../../src/db/connection.ts';
import { selectConnectionVersions } from '../../../src/db/queries/connection-versions.ts';
import { selectEntryStandings } from '../../../src/db/queries/connector-catalog.ts';
import { selectConnectorStandings, selectListed } from '../../../src/db/queries/connectors.ts';
import { getCatalogEntry, listCatalog } from '../../../src/services/connectors/catalog.ts';
import { deleteConnector, restoreConnector } from '../../../src/services/connectors/connector-status.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { listInstalled } from '../../../src/services/connectors/installed.ts';
import { keptRows } from '../../../src/services/kept-rows.ts';
import { type TestApp, testApp } from '../../support/app.ts';

let hub: TestApp;
let ada: Ctx;
let cleo: Ctx;
beforeAll(async () => {
  hub = await testApp();
  ada = hub.ctx(hub.cast.ada);
  cleo = hub.ctx(hub.cast.cleo);
  for (const name of ['One', 'Two']) await install(ada, name);
  await install(cleo, 'Three');
});
afterAll(() => hub.close());

const auth = { method: 'api_key', api_key: 'ak_abcdefghijkl' };
const install = (ctx: Ctx, name: string) => installConnector(ctx, 'composio', { name, config: {}, auth, tags: [] });
const names = async (ctx: Ctx, query = {}) => (await listInstalled(ctx, query)).data.map(({ name }) => name);
/** As another hub, or an operator, changes what this process has read already. */
const elsewhere = (statement: string) => withConnection(hub.database.admin, (sql) => sql.unsafe(statement));

/** In which run of which server they were told, beside the transactions. */
const told = (version: string | undefined) => version?.split(' ').at(-1);

it('are of one run of the server: one that a backup was brought back to counts transactions again', async () => {
  const [started] = await withConnection(
    hub.database.admin,
    (sql) => sql`select extract(epoch from pg_postmaster_start_time())::text as at`,
  );
  const versions = await hub.hub.db.asTenant(ada.tenantId, async (tx) => {
    const [connector] = await selectListed(tx, ada.tenantId, { limit: 1 });
    const [standing] = await selectConnectorStandings(tx, ada.tenantId);
    const [connection] = await selectConnectionVersions(tx, ada.tenantId, [connector?.id ?? ''], null, 1);
    const [entry] = await selectEntryStandings(tx, ada.tenantId);
    return [connector, standing, connection, entry].map((each) => each?.version);
  });
  expect(versions.map(told)).toEqual(Array(4).fill(started?.at));
  expect(versions.map((version) => version?.split(' ').length)).toEqual([3, 3, 2, 2]);
});

it('are kept when they are small, and read each time when they are not', async () => {
  const readKept = keptRows<{ id: string; text: string }>(10);
  const list = (id: string, length: number) =>
    readKept(ada, [{ id, version: '1' }], async () => [{ id, text: 'x'.repeat(length) }]).then(([row]) => row);
  const small = [await list('small', 10_000), await list('small', 10_000)];
  const large = [await list('large', 20_000), await list('large', 20_000)];
  expect(small[0]).toBe(small[1]);
  expect(large[0]).not.toBe(large[1]);
  expect(large[0]).toEqual(large[1]);
});

describe('rows that a list has read before', () => {
  it('are as they are now, whoever changed them', async () => {
    expect([await names(ada), await names(cleo)]).toEqual([['One', 'Two'], ['Three']]);
    await elsewhere("update connectors set name = 'Deux' where name = 'Two'");
    expect([await names(ada), await names(ada)]).toEqual([
      ['Deux', 'One'],
      ['Deux', 'One'],
    ]);
    const [first] = (await listInstalled(ada, {})).data;
    await elsewhere("update connector_catalog set name = 'Toolkits' where key = 'composio'");
    expect((await listInstalled(ada, {})).data[0]).toMatchObject({ id: first?.id, catalog: { name: 'Toolkits' } });
    await deleteConnector(ada, first?.id ?? '');
    expect(await names(ada)).toEqual(['One']);
    await restoreConnector(ada, first?.id ?? '');
    expect([await names(ada, { limit: 1 }), await names(cleo)]).toEqual([['Deux'], ['Three']]);
  });

  it('are what the catalog says now', async () => {
    const described = async () => (await listCatalog(ada, {})).data.find(({ key }) => key === 'github')?.description;
    const before = await described();
    await elsewhere("update connector_catalog set description = 'Somewhere to keep code.' where key = 'github'");
    expect([before === (await described()), await described()]).toEqual([false, 'Somewhere to keep code.']);
    await elsewhere("update connector_catalog set retired_at = now() where key = 'github'");
    expect(await described()).toBeUndefined();
    await expect(getCatalogEntry(ada, 'github')).rejects.toMatchObject({ code: 'not_found' });
  });
});
