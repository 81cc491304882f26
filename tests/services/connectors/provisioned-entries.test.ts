import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { deleteConnector, setConnectorStatus } from '../../../src/services/connectors/connector-status.ts';
import { installConnector, updateConnector } from '../../../src/services/connectors/connectors.ts';
import {
  listEntrySwitches,
  listTenantSwitches,
  switchEntry,
  switchTenantEntries,
} from '../../../src/services/connectors/provisioned-entries.ts';
import { listOperatorEvents, type OperatorCtx } from '../../../src/services/tenants/operator-trail.ts';
import { type TestApp, testApp } from '../../support/app.ts';
import type { Person } from '../../support/cast.ts';

let at: TestApp;
let ctx: OperatorCtx;
beforeEach(async () => {
  at = await testApp();
  const { ada } = at.cast;
  ctx = { ...at.ctx(ada), actor: { type: 'user', id: ada.id, name: 'Ada' } };
});
afterEach(() => at.close());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error) => (error instanceof AppError ? error.code : String(error)),
  );
const install = (person: Person, name = 'Blog') =>
  installConnector(at.ctx(person), 'wordpress', {
    name,
    tags: [],
    config: { site_url: 'https://blog.example.com' },
    auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
  });
const catalog = async (person: Person): Promise<string[]> =>
  (await (await at.as(person, 'GET', '/api/catalog')).json()).data.map(({ key }: { key: string }) => key);

describe('an entry that there is not', () => {
  it.each(['?catalog_key=nope', '?catalog_key=', ''])('has no form at %j, and the page leads back', async (query) => {
    const answer = await at.as(at.cast.ada, 'GET', `/connectors/new${query}`);
    const page = await answer.text();
    expect([answer.status, page]).toEqual([404, expect.stringContaining('The catalog has no such service.')]);
    expect(page).toMatch(/<a [^>]*href="\/catalog"[^>]*>Go to the catalog/);
    expect((await at.as(at.cast.ben, 'GET', `/connectors/new${query}`)).status).toBe(403);
  });
});

describe('an entry that is switched off for the hub', () => {
  it('is gone from every catalog and cannot be installed, with whom to ask', async () => {
    const { ada, cleo } = at.cast;
    await switchEntry(ctx, 'wordpress', false);
    expect(await catalog(ada)).not.toContain('wordpress');
    expect(await catalog(cleo)).not.toContain('wordpress');
    expect(await (await at.as(ada, 'GET', '/catalog?q=wordpress')).text()).not.toContain('entry-wordpress');
    expect((await at.as(ada, 'GET', '/api/catalog/wordpress')).status).toBe(404);
    const form = await at.as(ada, 'GET', '/connectors/new?catalog_key=wordpress');
    expect([form.status, await form.text()]).toEqual([409, expect.stringContaining('switched WordPress off')]);
    const answer = await at.as(ada, 'POST', '/api/connectors', {
      ...{ catalog_key: 'wordpress', name: 'Blog', config: { site_url: 'https://blog.example.com' } },
      auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
    });
    const problem = await answer.json();
    expect([answer.status, problem.code]).toEqual([409, 'entry_disabled']);
    expect(problem.detail).toMatch(/switched WordPress off for this workspace.*Ask them/);
  });

  it('stays where it is installed: to be changed, deactivated and deleted, but not activated', async () => {
    const { ada } = at.cast;
    const mine = at.ctx(ada);
    const { id } = await install(ada);
    await setConnectorStatus(mine, id, 'active');
    await switchEntry(ctx, 'wordpress', false);
    expect((await at.as(ada, 'GET', '/api/catalog/wordpress')).status).toBe(200);
    const { version } = await setConnectorStatus(mine, id, 'inactive');
    expect(await codeOf(setConnectorStatus(mine, id, 'active'))).toBe('entry_disabled');
    expect(await codeOf(updateConnector(mine, id, { version, name: 'Old blog' }))).toBe('done');
    expect(await codeOf(deleteConnector(mine, id))).toBe('done');
  });

  it('comes back as it was, and only what changes is noted', async () => {
    for (const on of [true, false, false, true]) await switchEntry(ctx, 'wordpress', on);
    expect(await catalog(at.cast.ada)).toContain('wordpress');
    const { data } = await listOperatorEvents(ctx, {});
    const noted = data.filter(({ subjectType }) => subjectType === 'catalog_entry');
    expect(noted.map(({ action, subjectName }) => [action, subjectName])).toEqual([
      ['entry.enabled', 'WordPress'],
      ['entry.disabled', 'WordPress'],
    ]);
    expect(await codeOf(switchEntry(ctx, 'nothing', false))).toBe('not_found');
  });

  it('is not offered when nothing else matches', async () => {
    const nothing = '/catalog?q=zzzzzz';
    expect(await (await at.as(at.cast.ada, 'GET', nothing)).text()).toContain('catalog_key=http-api');
    await switchEntry(ctx, 'http-api', false);
    expect(await (await at.as(at.cast.ada, 'GET', nothing)).text()).not.toContain('catalog_key=http-api');
  });
});

describe('a workspace’s own setting', () => {
  it('counts for that workspace alone, against the hub’s, and can be taken back', async () => {
    const { ada, cleo } = at.cast;
    await switchTenantEntries(ctx, ada.tenantId, { wordpress: 'off' });
    expect([await codeOf(install(ada)), await codeOf(install(cleo))]).toEqual(['entry_disabled', 'done']);
    await switchEntry(ctx, 'wordpress', false);
    await switchTenantEntries(ctx, ada.tenantId, { wordpress: 'on' });
    expect([await codeOf(install(ada)), await codeOf(install(cleo, 'Two'))]).toEqual(['done', 'entry_disabled']);
    expect(await catalog(ada)).toContain('wordpress');
    await switchTenantEntries(ctx, ada.tenantId, { wordpress: 'default' });
    expect(await codeOf(install(ada, 'Two'))).toBe('entry_disabled');
  });

  it('is noted in the workspace and in the trail, by key', async () => {
    const { tenantId } = at.cast.ada;
    await switchTenantEntries(ctx, tenantId, { wordpress: 'off', slack: 'default' });
    await switchTenantEntries(ctx, tenantId, { wordpress: 'off' });
    const rows = await at.hub.db.asTenant(tenantId, (tx) =>
      tx.execute(sql`select details from audit_events where action = 'tenant.entries_changed'`),
    );
    expect([...rows]).toEqual([{ details: { wordpress: 'off' } }]);
    const switches = await listTenantSwitches(ctx, tenantId);
    expect(switches.filter(({ tenantEnabled }) => tenantEnabled !== null)).toMatchObject([
      { key: 'wordpress', enabled: true, tenantEnabled: false },
    ]);
    expect((await listEntrySwitches(ctx)).every(({ tenantEnabled }) => tenantEnabled === null)).toBe(true);
  });

  it('takes known keys and choices only, and nothing that the workspace writes itself', async () => {
    const { tenantId } = at.cast.ada;
    for (const wrong of [{ nothing: 'on' }, { wordpress: 'maybe' }, { wordpress: 'constructor' }, { wordpress: null }])
      expect(await codeOf(switchTenantEntries(ctx, tenantId, wrong))).toBe('invalid_input');
    expect(await codeOf(switchTenantEntries(ctx, 'x', {}))).toBe('not_found');
    for (const query of [sql`delete from tenant_entries`, sql`update provisioned_entries set enabled = true`])
      await expect(at.hub.db.asTenant(tenantId, (tx) => tx.execute(query))).rejects.toThrow('permission denied');
  });
});
