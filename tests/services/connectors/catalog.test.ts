import pino from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedConnectors } from '../../../seeds/connectors.ts';
import type { Ctx, Hub } from '../../../src/context.ts';
import { withConnection } from '../../../src/db/connection.ts';
import { loadDrivers } from '../../../src/drivers/index.ts';
import type { Role } from '../../../src/lib/role.ts';
import { type CatalogQuery, getCatalogEntry, listCatalog } from '../../../src/services/connectors/catalog.ts';
import { type TestDatabase, testDatabase } from '../../support/db.ts';

let database: TestDatabase;
let ada: Ctx;
let ben: Ctx;
let cleo: Ctx;

beforeAll(async () => {
  database = await testDatabase();
  const [northwind, tailspin] = [uuidv7(), uuidv7()];
  await withConnection(database.admin, async (admin) => {
    for (const [id, slug] of [
      [northwind, 'northwind'],
      [tailspin, 'tailspin'],
    ])
      await admin`insert into organizations (id, name, slug) values (${id ?? ''}, ${slug ?? ''}, ${slug ?? ''})`;
  });
  const hub = { db: database.db } as Hub;
  const ctx = (tenantId: string, name: string, role: Role): Ctx => ({
    hub,
    tenantId,
    actor: { type: 'user', id: uuidv7(), name, role },
    requestId: 'test',
    ip: null,
    log: pino({ level: 'silent' }),
  });
  ada = ctx(northwind, 'Ada', 'owner');
  ben = ctx(northwind, 'Ben', 'member');
  cleo = ctx(tailspin, 'Cleo', 'owner');
  await install(ada, 'slack', 2);
  await install(ada, 'github', 1);
  await install(ada, 'medium', 1, 'now()');
  await install(cleo, 'slack', 3);
});
afterAll(() => database.drop());

/** Rows only: what stands in them does not matter here. */
async function install({ tenantId }: Ctx, key: string, count: number, deletedAt = 'null') {
  for (let n = 0; n < count; n++)
    await withConnection(database.admin, (admin) =>
      admin.unsafe(
        `insert into connectors (tenant_id, id, catalog_id, name, handle, config, auth, schema_version, deleted_at)
         select $1, $2, id, $3, $3, '{}', '{}', 1, ${deletedAt} from connector_catalog where key = $4`,
        [tenantId, uuidv7(), `${key}-${n}`, key],
      ),
    );
}

const keys = async (query: CatalogQuery = {}, ctx = ada) => (await listCatalog(ctx, query)).data.map(({ key }) => key);
const byName = [
  'composio',
  'github',
  'http-api',
  'linkedin',
  'medium',
  'openai',
  'postgresql',
  'slack',
  'wordpress',
  'twitter',
];

describe('listCatalog', () => {
  it('lists every entry by name, for members too', async () => {
    expect(await keys()).toEqual(byName);
    expect(await keys({}, ben)).toEqual(byName);
    const list = await listCatalog(ada);
    expect(list).toMatchObject({ total: 10, nextCursor: null });
    expect(list.data[9]).toMatchObject({ key: 'twitter', name: 'X', icon: 'twitter', authType: 'oauth' });
  });

  it('counts what the tenant has installed: not what is deleted, not what others have', async () => {
    const counted = async (ctx: Ctx) =>
      Object.fromEntries(
        (await listCatalog(ctx)).data
          .filter((item) => item.installedCount)
          .map((item) => [item.key, item.installedCount]),
      );
    expect(await counted(ada)).toEqual({ slack: 2, github: 1 });
    expect(await counted(cleo)).toEqual({ slack: 3 });
  });

  it('filters by category, type and method, together', async () => {
    expect(await keys({ category: 'Social' })).toEqual(['linkedin', 'twitter']);
    expect(await keys({ authType: 'basic' })).toEqual(['http-api', 'postgresql', 'wordpress']);
    expect(await keys({ authType: 'none' })).toEqual(['http-api', 'postgresql']);
    expect(await keys({ authType: 'oauth', category: 'AI' })).toEqual(['openai']);
    expect(await keys({ authMethod: 'client_credentials' })).toEqual(['http-api', 'openai']);
    expect(await keys({ authMethod: 'basic', category: 'Developer' })).toEqual(['http-api']);
    expect(await keys({ category: 'AI', authType: 'basic' })).toEqual([]);
  });

  it('searches with typos, best match first, and inside the filters', async () => {
    expect((await keys({ q: 'gihtub' }))[0]).toBe('github');
    expect(await keys({ q: 'blog', sort: 'name' })).toEqual(['medium', 'wordpress']);
    expect(await keys({ q: 'slak', category: 'Social' })).toEqual([]);
    expect(await listCatalog(ada, { q: 'fax machine' })).toMatchObject({ data: [], total: 0, nextCursor: null });
  });

  it('sorts by category, and by what is installed most', async () => {
    const { data } = await listCatalog(ada, { sort: 'category' });
    expect(data.map(({ category }) => category)).toEqual(data.map(({ category }) => category).toSorted());
    expect((await keys({ sort: 'popular' })).slice(0, 3)).toEqual(['slack', 'github', 'composio']);
    expect((await keys({ sort: 'popular' }, cleo)).slice(0, 2)).toEqual(['slack', 'composio']);
  });

  it('tells how many match in each category, whichever one is chosen', async () => {
    const all = [
      { name: 'AI', count: 1 },
      { name: 'Data', count: 1 },
      { name: 'Developer', count: 2 },
      { name: 'Publishing', count: 2 },
      { name: 'Social', count: 2 },
      { name: 'Work', count: 2 },
    ];
    expect((await listCatalog(ada)).categories).toEqual(all);
    expect(await listCatalog(ada, { category: 'Work' })).toMatchObject({ total: 2, categories: all });
    const oauth = (await listCatalog(ada, { authMethod: 'oauth2' })).categories;
    expect(Object.fromEntries(oauth.map(({ name, count }) => [name, count]))).toEqual({
      AI: 0,
      Data: 0,
      Developer: 1,
      Publishing: 1,
      Social: 2,
      Work: 1,
    });
    const { total, categories } = await listCatalog(ada, { authType: 'basic' });
    expect([total, categories.reduce((sum, { count }) => sum + count, 0)]).toEqual([3, 3]);
  });

  it.each(['name', 'category', 'popular'])('pages through everything once, sorted by %s', async (sort) => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listCatalog(ada, { sort, limit: 3, cursor });
      expect(page.total).toBe(10);
      seen.push(...page.data.map(({ key }) => key));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(await keys({ sort }));
  });

  it('says that there is no next page when the last one is full', async () => {
    expect((await listCatalog(ada, { limit: 10 })).nextCursor).toBeNull();
  });

  it('names every bad filter', async () => {
    const query = {
      category: 'Fax',
      authType: 'magic',
      authMethod: 'oauth',
      sort: 'newest',
      limit: 0,
      q: 'x'.repeat(201),
    };
    await expect(listCatalog(ada, query)).rejects.toMatchObject({
      code: 'invalid_input',
      errors: {
        category: ['Choose one of: AI, Data, Developer, Publishing, Social, Work.'],
        auth_type: ['Choose one of: oauth, api_key, basic, none.'],
        auth_method: ['Choose one of: oauth2, client_credentials, api_key, basic, token, none.'],
        sort: ['Choose one of: name, category, popular.'],
        limit: ['Enter a whole number from 1 to 200.'],
        q: ['Use at most 200 characters; this has 201.'],
      },
    });
  });

  it.each(['', 'nonsense', 'W10', Buffer.from('["gone"]').toString('base64url')])(
    'takes no cursor of another list: “%s”',
    async (cursor) => {
      if (!cursor) return expect(await keys({ cursor })).toEqual(byName);
      await expect(listCatalog(ada, { cursor })).rejects.toMatchObject({ errors: { cursor: [expect.any(String)] } });
    },
  );
});

describe('getCatalogEntry', () => {
  it('returns the entry with its schemas and the count', async () => {
    const item = await getCatalogEntry(ada, 'slack');
    expect(item).toMatchObject({ key: 'slack', name: 'Slack', installedCount: 2, authMethods: ['oauth2', 'token'] });
    expect(item.defaultConfigSchema.properties).toHaveProperty('default_channel');
    expect(item.authSchema.oneOf).toHaveLength(2);
  });

  it.each(['fax', 'Slack', '', '..', 'sl\0ack', 'x'.repeat(1000), "'; drop table"])(
    'knows no entry “%s”',
    async (key) => {
      await expect(getCatalogEntry(ada, key)).rejects.toMatchObject({ code: 'not_found' });
    },
  );
});

describe('an entry whose driver is gone', () => {
  beforeAll(async () => {
    const left = [...(await loadDrivers())].filter(([key]) => !['github', 'openai'].includes(key));
    await seedConnectors(database.admin, new Map(left));
  });

  it('is not listed', async () => {
    expect(await keys()).toEqual(byName.filter((key) => !['github', 'openai'].includes(key)));
  });

  it('stays for those who have installed it, and exists for nobody else', async () => {
    expect(await getCatalogEntry(ada, 'github')).toMatchObject({ installedCount: 1, retiredAt: expect.any(Date) });
    await expect(getCatalogEntry(cleo, 'github')).rejects.toMatchObject({ code: 'not_found' });
    await expect(getCatalogEntry(ada, 'openai')).rejects.toMatchObject({ code: 'not_found' });
  });
});
