import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fileCtx } from '../../../src/services/connector-files/file-apply.ts';
import { exportConnectors } from '../../../src/services/connector-files/file-export.ts';
import { installConnector } from '../../../src/services/connectors/connectors.ts';
import { existingTenantKeys } from '../../../src/services/secrets/keyring.ts';
import { openSecrets } from '../../../src/services/secrets/secrets.ts';
import { systemDoer } from '../../../src/services/system.ts';
import { setQuotas } from '../../../src/services/tenants/tenant-admin.ts';
import { type Json, type TestApp, testApp } from '../../support/app.ts';
import {
  blog,
  canary,
  clientCanary,
  everything,
  fileFolder,
  fileWith,
  installed,
  otherCanary,
  summary,
} from './files.ts';

let at: TestApp;
const { apply, plan, remove } = fileFolder(() => at);
beforeAll(async () => {
  vi.stubEnv('BLOG_PASSWORD', canary);
  vi.stubEnv('GITHUB_CLIENT_SECRET', clientCanary);
  at = await testApp();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await remove();
  await at.close();
});

const github = `
  code:
    entry: github
    name: Code
    tags: [engineering]
    auth: { method: oauth2, client_id: Ov23liABCDEFGHIJKLMN, client_secret: { env: GITHUB_CLIENT_SECRET } }
`;
const both = fileWith(blog() + github);

const secretOf = (id: string) =>
  at.hub.db.asTenant(at.cast.ada.tenantId, async (tx) => {
    const [row] = await tx.execute<{ auth: Json }>(sql`select auth from connectors where id = ${id}`);
    const keys = await existingTenantKeys(tx, at.hub.vault, at.cast.ada.tenantId);
    const seat = { tenantId: at.cast.ada.tenantId, connectorId: id, part: 'auth' as const };
    return openSecrets(at.hub.vault, keys, seat, row?.auth).password;
  });
const rowsNow = async () =>
  JSON.stringify(
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) => tx.execute(sql`select * from connectors order by id`)),
  );
const audited = async (): Promise<string[]> =>
  (await (await at.as(at.cast.ada, 'GET', '/api/audit?limit=50')).json()).data.map(
    ({ action, actor, subject }: Json) => `${actor.name}: ${action} ${subject.name}`,
  );

describe('connectors as a file', () => {
  it('are planned without changing anything, and without a value', async () => {
    const before = await rowsNow();
    const planned = await plan(both);
    expect(summary(planned)).toEqual({
      blog: ['create config.site_url auth.method auth.username auth.password', 'activate'],
      code: ['create tags auth.method auth.client_id auth.client_secret'],
    });
    expect(planned.steps[1]?.waits).toContain('authorised');
    expect(await rowsNow()).toBe(before);
    expect(await audited()).not.toContainEqual(expect.stringContaining('connector.'));
  });

  it('come to be by applying it, and applying it again changes nothing', async () => {
    await apply(both);
    expect(await installed(at)).toMatchObject(
      [
        { handle: 'code', name: 'Code', status: 'inactive', managed_by: 'file', tags: ['engineering'] },
        { handle: 'blog', name: 'Company blog', status: 'active', managed_by: 'file' },
      ].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
    expect(await audited()).toEqual(
      expect.arrayContaining([
        'File patchbay.yaml: connector.installed Company blog',
        'File patchbay.yaml: connector.activated Company blog',
      ]),
    );
    const before = [await rowsNow(), await audited()];
    expect(summary(await apply(both))).toEqual({});
    expect([await rowsNow(), await audited()]).toEqual(before);
  });

  it('change field by field; a secret is replaced only when it is another one', async () => {
    const [{ id }] = (await installed(at)).filter(({ handle }) => handle === 'blog');
    const changed = both
      .replace('Company blog', 'Blog')
      .replace('https://blog.example.com', 'https://blog.example.com/new');
    expect(summary(await plan(changed))).toEqual({ blog: ['update name config.site_url'] });
    await apply(changed);
    const [saved] = (await installed(at)).filter(({ handle }) => handle === 'blog');
    expect(saved).toMatchObject({ id, name: 'Blog', config: { site_url: 'https://blog.example.com/new' } });
    vi.stubEnv('BLOG_PASSWORD', otherCanary);
    expect(summary(await plan(changed))).toEqual({ blog: ['replace-secret auth.password'] });
    await apply(changed);
    expect(await secretOf(id)).toBe(otherCanary);
    expect(summary(await apply(changed))).toEqual({});
    const moved = changed.replace('https://blog.example.com/new', 'https://other.example.com');
    expect(summary(await apply(moved))).toEqual({ blog: ['update config.site_url'] });
    expect(await secretOf(id)).toBe(otherCanary);
    expect(summary(await apply(moved))).toEqual({});
    vi.stubEnv('BLOG_PASSWORD', canary);
    await apply(both);
  });

  it('are switched off and on, and exchange their names', async () => {
    expect(summary(await apply(fileWith(blog('    active: false\n') + github)))).toEqual({ blog: ['deactivate'] });
    expect(summary(await apply(both))).toEqual({ blog: ['activate'] });
    const exchanged = both
      .replace('name: Code', 'name: X')
      .replace('Company blog', 'Code')
      .replace('name: X', 'name: Company blog');
    expect(summary(await apply(exchanged))).toEqual({ blog: ['update name'], code: ['update name'] });
    await apply(both);
  });

  it('are not changed, switched, rotated or deleted by people, and can be looked at', async () => {
    const [blogRow] = (await installed(at)).filter(({ handle }) => handle === 'blog');
    const { id, version } = blogRow;
    const { data } = await (
      await at.as(at.cast.ada, 'GET', `/api/organizations/${at.cast.ada.tenantId}/connections`)
    ).json();
    const connection = data.find((each: Json) => each.connector_id === id);
    const tries: [string, string, object?][] = [
      ['PUT', `/api/connectors/${id}`, { version, name: 'Mine' }],
      ['PATCH', `/api/connectors/${id}/status`, { status: 'inactive' }],
      ['DELETE', `/api/connectors/${id}`],
      ['DELETE', `/api/connections/${connection.id}`],
      ['PATCH', `/api/connections/${connection.id}/status`, { status: 'inactive' }],
      ['POST', `/api/connections/${connection.id}/rotate`, { credential: { password: otherCanary } }],
    ];
    for (const [method, url, body] of tries) {
      const answer = await at.as(at.cast.ada, method, url, body);
      const { code, detail } = await answer.json();
      expect([url, answer.status, code]).toEqual([url, 409, 'managed']);
      expect(detail).toContain('managed by the file patchbay.yaml');
    }
    for (const url of [`/connectors/${id}/edit`, `/connectors/${id}/deletion`])
      expect([url, (await at.as(at.cast.ada, 'GET', url)).status]).toEqual([url, 409]);
    const gone = await at.post(at.cast.ada, `/connectors/${id}`, { _method: 'DELETE', _tenant: at.cast.ada.tenantId });
    expect(gone.status).toBe(409);
    const tested = await at.as(at.cast.ada, 'POST', `/api/connectors/${id}/test`, {});
    expect(tested.status).toBe(200);
  });

  it('that the file has no more become people’s own, or go with PRUNE', async () => {
    const only = fileWith(github);
    expect(summary(await plan(only, { prune: true }))).toEqual({ blog: ['remove'] });
    expect(summary(await apply(only))).toEqual({ blog: ['unmanage'] });
    const released = (await installed(at)).find(({ handle }) => handle === 'blog');
    expect(released).toMatchObject({ managed_by: null, status: 'active' });
    expect(summary(await apply(only, { prune: true }))).toEqual({});
    expect(summary(await apply(both))).toEqual({ blog: ['adopt'] });
    expect(summary(await apply(only, { prune: true }))).toEqual({ blog: ['remove'] });
    expect((await installed(at)).map(({ handle }) => handle)).toEqual(['code']);
    expect(summary(await apply(both))).toEqual({ blog: [expect.stringMatching(/^restore /), 'activate'] });
    expect((await installed(at)).find(({ handle }) => handle === 'blog')).toMatchObject({
      id: released.id,
      status: 'active',
    });
    expect(await secretOf(released.id)).toBe(canary);
    expect(summary(await apply(both))).toEqual({});
  });

  it('keep what other files and people have', async () => {
    const input = { name: 'By hand', tags: [], config: { site_url: 'https://hand.example.com' } };
    const auth = { method: 'basic', username: 'editor', password: canary };
    await installConnector(at.ctx(at.cast.ada), 'wordpress', { ...input, auth });
    const other = fileWith(blog().replace('blog:', 'second:').replace('Company blog', 'Second'));
    expect(summary(await apply(other, { name: 'other.yaml' }))).toMatchObject({
      second: [expect.stringMatching(/^create/), 'activate'],
    });
    await expect(apply(fileWith(blog()), { name: 'other.yaml' })).rejects.toThrow(
      /blog: It is managed by the file patchbay.yaml/,
    );
    await expect(apply(both.replace('name: Code', 'name: by HAND'))).rejects.toThrow(/by-hand has this name already/);
    await expect(apply(fileWith(blog().replace('blog:', 'code:')))).rejects.toThrow(
      /The workspace has Code under this handle/,
    );
    expect(summary(await apply(fileWith(''), { name: 'other.yaml', prune: true }))).toEqual({ second: ['remove'] });
  });

  it('are applied all or nothing', async () => {
    const before = await rowsNow();
    await limitTo('4');
    const more = [1, 2].map((n) => blog().replace('blog:', `more-${n}:`).replace('Company blog', `More ${n}`)).join('');
    const text = fileWith(blog().replace('Company blog', 'Renamed') + github + more);
    for (const go of [plan, apply])
      await expect(go(text)).rejects.toThrow(
        /^\/connectors\/more-2: This workspace may have at most 4 connectors and has 4/,
      );
    expect(await rowsNow()).toBe(before);
    await limitTo('');
  });

  it('by two at once end as one of them would', async () => {
    const texts = ['One', 'Two'].map((name) => both.replace('Company blog', name));
    const done = await Promise.all(texts.map((text) => apply(text)));
    expect(done.map((each) => summary(each).blog)).toEqual([['update name'], ['update name']]);
    await Promise.all([apply(both), apply(both)]).then((plans) =>
      expect(plans.map((each) => Object.keys(summary(each)).length).toSorted()).toEqual([0, 1]),
    );
  });

  it('can be exported, and applied to another workspace', async () => {
    const { ada, cleo } = at.cast;
    const text = await exportConnectors(fileCtx(at.hub, ada.tenantId, 'export'), 'northwind', 'http://hub.test/s.json');
    expect(text).toMatch(/^# yaml-language-server: \$schema=http:\/\/hub.test\/s.json\n/);
    expect(text).toContain('#   CONNECTOR_BLOG_PASSWORD ');
    expect(text).toMatch(/# Accounts to be authorised .*\n# {3}code \(GitHub\)/);
    expect(text).not.toContain('redirect_uri');
    for (const [name, secret] of [
      ['BLOG_PASSWORD', canary],
      ['BY_HAND_PASSWORD', canary],
      ['CODE_CLIENT_SECRET', clientCanary],
    ])
      vi.stubEnv(`CONNECTOR_${name}`, secret);
    const elsewhere = text.replace('tenant: northwind', `tenant: ${cleo.tenantId}`);
    const made = await apply(elsewhere, { person: cleo });
    expect(Object.keys(summary(made))).toEqual(['blog', 'by-hand', 'code']);
    const view = (list: Json[]) =>
      list.map(({ handle, name, tags, config, catalog_key, auth: { method } }) => ({
        handle,
        name,
        tags,
        config,
        catalog_key,
        method,
      }));
    expect(view(await installed(at, cleo))).toEqual(view(await installed(at, ada)));
    const again = await exportConnectors(
      fileCtx(at.hub, cleo.tenantId, 'export'),
      cleo.tenantId,
      'http://hub.test/s.json',
    );
    // One by hand is inactive in the first and managed in the second.
    expect(again).toBe(elsewhere);
    expect(summary(await apply(elsewhere, { person: cleo }))).toEqual({});
  });

  it('let no secret into files, plans, rows, audit or logs', async () => {
    const text = await exportConnectors(fileCtx(at.hub, at.cast.ada.tenantId, 'export'), 'northwind', 'x');
    const places = [text, JSON.stringify(summary(await plan(both))), await everything(at), ...at.logged];
    for (const secret of [canary, otherCanary, clientCanary])
      for (const place of places) expect(place).not.toContain(secret);
  });
});

const limitTo = (max: string) =>
  setQuotas({ hub: at.hub, log: at.hub.log, ...systemDoer('test') }, at.cast.ada.tenantId, {
    max_connectors: max,
    executions_per_hour: '',
  });
