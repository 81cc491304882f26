import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seedConnectors } from '../../../seeds/connectors.ts';
import { withConnection } from '../../../src/db/connection.ts';
import { authBy, type Driver, type LoadedDriver, object, secret, variant } from '../../../src/drivers/driver.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';

let hub: TestApp;
beforeAll(async () => {
  hub = await testApp();
});
afterAll(() => hub.close());

const text = (title: string) => ({ type: 'string', title, maxLength: 100 });
const base = (hub: TestApp): LoadedDriver => [...hub.hub.drivers.values()][0] as LoadedDriver;

/** A driver of this version: 1 has `site` and `password`, 2 `site_url` and `api.password`, 3 `regions` beside. */
function notes(version: 1 | 2 | 3, more: Partial<Driver> = {}): LoadedDriver {
  const config = {
    1: object({ site: text('Site') }, ['site']),
    2: object({ site_url: text('Site address') }, ['site_url']),
    3: object({ site_url: text('Site address'), regions: { type: 'array', title: 'Regions', items: text('Region') } }, [
      'site_url',
    ]),
  }[version];
  const old = { password: secret({ title: 'Password' }) };
  const now = { api: object({ password: secret({ title: 'Password' }) }, ['password'], { title: 'API' }) };
  const auth = authBy(
    version === 1 ? variant('basic', 'User', old, ['password']) : variant('basic', 'User', now, ['api']),
  );
  const entry = {
    ...base(hub).entry,
    key: 'notes',
    name: 'Notes',
    authMethods: ['basic' as const],
    authType: 'basic' as const,
  };
  return {
    ...base(hub),
    summary: undefined,
    destinations: (values) => [String(values.site_url ?? values.site)],
    entry: { ...entry, configSchema: config, authSchema: auth, schemaVersion: version },
    migrations: {
      1: {
        describe: 'The site is an address now, and the password belongs to the API.',
        migrate: ({ site, ...rest }, { password, ...others }) => ({
          config: { ...rest, site_url: `https://${site}` },
          auth: { ...others, ...(password !== undefined && { api: { password } }) },
        }),
      },
      2: {
        describe: 'Regions can be chosen.',
        migrate: (values, secrets) => ({ config: { ...values, regions: ['eu'] }, auth: secrets }),
      },
    },
    ...more,
  };
}

async function release(driver: LoadedDriver) {
  (hub.hub.drivers as Map<string, LoadedDriver>).set('notes', driver);
  await seedConnectors(hub.database.admin, hub.hub.drivers);
}

const asAda = (method: string, path: string, body?: unknown) => hub.as(hub.cast.ada, method, path, body);
const read = async (id: string): Promise<Json> => (await asAda('GET', `/api/connectors/${id}`)).json();
const formOf = async (id: string) => (await asAda('GET', `/connectors/${id}/edit`)).text();

let made = 0;
async function installed(): Promise<Json> {
  const auth = { method: 'basic', password: 'not-a-real-password' };
  const body = { catalog_key: 'notes', name: `Notes ${++made}`, config: { site: 'a.example.com' }, auth };
  const answer = await asAda('POST', '/api/connectors', body);
  expect(answer.status).toBe(201);
  return answer.json();
}

describe('a connector that was saved under an older version of its schemas', () => {
  beforeEach(() => release(notes(1, { migrations: {} })));

  it('works as it is until it is saved', async () => {
    const before = await installed();
    await release(notes(3));
    const after = await read(before.id);
    expect(after).toMatchObject({ schema_version: 1, config: { site: 'a.example.com' }, unreadable_secrets: [] });
    const active = await asAda('PATCH', `/api/connectors/${before.id}/status`, { status: 'active' });
    expect(active.status).toBe(200);
    expect((await read(before.id)).schema_version).toBe(1);
  });

  it('opens in the form as it will be, with what changes', async () => {
    const { id } = await installed();
    expect(await formOf(id)).not.toContain('older version');
    await release(notes(3));
    const form = await formOf(id);
    expect(form).toContain('The site is an address now, and the password belongs to the API. Regions can be chosen.');
    expect(form).toContain('name="config.site_url" type="text" value="https://a.example.com"');
    expect(form).toMatch(/name="auth\.~0\.api\.password"[^>]*placeholder="•+"/);
    expect(form).not.toContain('config.site"');
  });

  it('is migrated when it is saved, and its secret still opens where it is now', async () => {
    const before = await installed();
    await release(notes(3));
    const change = { version: before.version, name: `${before.name} saved` };
    const answer = await asAda('PUT', `/api/connectors/${before.id}`, change);
    expect(answer.status, await answer.clone().text()).toBe(200);
    const after = await read(before.id);
    expect(after).toMatchObject({
      schema_version: 3,
      config: { site_url: 'https://a.example.com', regions: ['eu'] },
      auth: { method: 'basic', api: { password: before.auth.password } },
      unreadable_secrets: [],
    });
    expect(after.auth).not.toHaveProperty('password');
    expect(await formOf(before.id)).not.toContain('older version');
    const { data } = await (await asAda('GET', `/api/audit?subject_id=${before.id}`)).json();
    expect(data[0]).toMatchObject({ action: 'connector.updated', details: { migrated_from: 1 } });
  });

  it('is saved by the form in the same way, with the typed values', async () => {
    const before = await installed();
    await release(notes(2));
    const fields = {
      _method: 'PUT',
      _tenant: hub.cast.ada.tenantId,
      version: String(before.version),
      name: before.name,
      'auth.method': 'basic',
      'config.site_url': 'https://a.example.com',
    };
    const answer = await hub.post(hub.cast.ada, `/connectors/${before.id}`, fields);
    expect(answer.status, await answer.clone().text()).toBe(303);
    const after = await read(before.id);
    expect(after).toMatchObject({
      schema_version: 2,
      auth: { api: { password: { is_set: true } } },
      unreadable_secrets: [],
    });
  });

  it('names a secret that does not open any more, and takes a new one', async () => {
    const before = await installed();
    const broken = { $sealed: 'broken', updated_at: '2026-11-01T00:00:00.000Z' };
    const changed = await withConnection(
      hub.database.admin,
      (sql) =>
        sql`update connectors set auth = jsonb_set(auth, '{password}', ${sql.json(broken)}) where id = ${before.id}`,
    );
    expect(changed.count).toBe(1);
    await release(notes(2));
    const refused = await asAda('PUT', `/api/connectors/${before.id}`, { version: before.version, name: 'Broken' });
    expect(refused.status).toBe(422);
    expect((await refused.json()).errors).toEqual({
      'auth.api.password': ['The saved value cannot be read any more. Enter it again.'],
    });
    const auth = { method: 'basic', api: { password: 'another-password' } };
    const taken = await asAda('PUT', `/api/connectors/${before.id}`, { version: before.version, auth });
    expect(taken.status).toBe(200);
    expect(await read(before.id)).toMatchObject({ schema_version: 2, unreadable_secrets: [] });
  });

  it('stays as it is where a version changed nothing that needs a migration', async () => {
    const { id, version } = await installed();
    const driver = notes(1, { migrations: {} });
    await release({ ...driver, entry: { ...driver.entry, schemaVersion: 2 } });
    expect(await formOf(id)).not.toContain('older version');
    expect((await asAda('PUT', `/api/connectors/${id}`, { version, tags: ['a'] })).status).toBe(200);
    expect(await read(id)).toMatchObject({ schema_version: 2, config: { site: 'a.example.com' } });
  });
});

describe('a migration that fails', () => {
  const mistaken = (migrate: () => never) => notes(2, { migrations: { 1: { describe: 'Never said.', migrate } } });
  const wrong = () => {
    throw new Error('cannot read properties of undefined');
  };
  const because = 'could not be brought up to date: that is a mistake in Patchbay. Nothing was changed or lost';

  it.each([
    ['throws', wrong],
    ['gives nothing', (() => undefined) as unknown as typeof wrong],
  ])('because it %s says so in the dialog, and the settings stay', async (_how, migrate) => {
    await release(notes(1, { migrations: {} }));
    const before = await installed();
    await release(mistaken(migrate));
    const fragment: Record<string, string> = { 'hx-request': 'true', 'hx-request-type': 'partial' };
    for (const headers of [{}, fragment]) {
      const dialog = await hub.as(hub.cast.ada, 'GET', `/connectors/${before.id}/edit`, undefined, headers);
      const html = await dialog.text();
      expect(dialog.status).toBe(200);
      expect(html).toMatch(/<dialog class="modal" open/);
      expect(html).toContain(because);
      expect(html).not.toMatch(/name="config\.|name="auth\.|Save changes|cannot read properties/);
    }
    expect(hub.logged.join('\n')).toContain('settings could not be brought up to date');
    const refused = await asAda('PUT', `/api/connectors/${before.id}`, { version: before.version, name: 'Other' });
    expect([refused.status, (await refused.json()).detail]).toEqual([409, expect.stringContaining(because)]);
    const { version, updated_at, config, schema_version } = before;
    expect(await read(before.id)).toMatchObject({
      version,
      updated_at,
      config,
      schema_version,
      unreadable_secrets: [],
    });

    expect((await asAda('GET', `/connectors/${before.id}`)).status).toBe(200);
    const active = await asAda('PATCH', `/api/connectors/${before.id}/status`, { status: 'active' });
    expect(active.status).toBe(200);
    await release(notes(2));
    expect(await formOf(before.id)).toContain('value="https://a.example.com"');
  });
});
