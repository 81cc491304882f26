import { rmSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type TestApp, testApp } from '../../support/app.ts';
import { blog, canary, fileFolder, fileWith, installed, otherCanary, summary } from './files.ts';

let at: TestApp;
const { folder, write, apply, plan, remove } = fileFolder(() => at);
beforeAll(async () => {
  vi.stubEnv('BLOG_PASSWORD', canary);
  at = await testApp({ CONNECTORS_FILE: path.join(folder, 'patchbay.yaml') });
  await apply(fileWith(blog()));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await remove();
  await at.close();
});

const textOf = async (url: string, person = at.cast.ada) => {
  const html = await (await at.as(person, 'GET', url)).text();
  return html
    .replace(/<time[^>]*>[^<]*<\/time>/g, 'TIME')
    .replace(/<[^>]+>/g, '')
    .replace(/\s+/g, ' ');
};
const versionOf = async (answer: Response) => ({ version: (await answer.json()).version });
const blogId = async () => (await installed(at)).find(({ handle }) => handle === 'blog').id;

describe('a connector that a file manages', () => {
  it('says so, with why, and differs in nothing', async () => {
    const detail = await textOf(`/connectors/${await blogId()}`);
    expect(detail).toContain('Company blog is managed by the file patchbay.yaml: change it there');
    expect(await textOf('/installed')).toContain('Managed by the file patchbay.yaml');
    expect(detail + (await textOf('/installed'))).not.toContain('iffers from');
  });

  it('differs when the file on disk says otherwise, until that is applied', async () => {
    const renamed = blog().replace('Company blog', 'Blog').replace('blog.example.com', 'new.example.com');
    const text = fileWith(renamed + blog().replace('blog:', 'second:').replace('Company blog', 'Second'));
    write(text);
    const list = await textOf('/installed');
    expect(list).toMatch(/The file patchbay.yaml, saved TIME, differs from what is here/);
    expect(list).toMatch(/Second is added, is activated/);
    expect(list).toContain('Differs from the file since TIME: Name, Site address');
    expect(await textOf(`/connectors/${await blogId()}`)).toContain(
      'Differs from the file since TIME: Name, Site address',
    );
    expect(await textOf('/installed', at.cast.ben)).not.toContain('iffers from');
    expect(await textOf('/installed', at.cast.cleo)).not.toContain('iffers from');
    await apply(text);
    expect(await textOf('/installed')).not.toContain('iffers from');
  });

  it('differs when a secret is another one now', async () => {
    vi.stubEnv('BLOG_PASSWORD', otherCanary);
    write(`${fileWith(blog())}# saved again\n`);
    expect(await textOf('/installed')).toMatch(/Blog changes, gets another secret/);
    vi.stubEnv('BLOG_PASSWORD', '');
    write(`${fileWith(blog())}# and again, where the variable is not known\n`);
    expect(await textOf('/installed')).toMatch(/Blog changes ?Second is/);
    vi.stubEnv('BLOG_PASSWORD', canary);
    await apply(fileWith(blog()), { prune: true });
    expect(await textOf('/installed')).not.toContain('iffers from');
  });

  it('tells admins of a file that cannot be applied', async () => {
    write(`${fileWith(blog())}colour: red\n`);
    expect(await textOf('/installed')).toMatch(/cannot be applied. Line \d+: \/colour: /);
    rmSync(path.join(folder, 'patchbay.yaml'));
    expect(await textOf('/installed')).toMatch(/cannot be applied. Line 1: It cannot be read \(ENOENT\)/);
    expect(await textOf('/installed', at.cast.cleo)).not.toContain('cannot be applied');
    write(fileWith(blog()));
  });

  it('differs when somebody writes past the hub, and the file puts that right', async () => {
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx.execute(sql`update connectors set config = config || '{"permalinks": "plain"}' where handle = 'blog'`),
    );
    expect(await textOf(`/connectors/${await blogId()}`)).toMatch(/Differs from the file since TIME: /);
    expect(summary(await apply(fileWith(blog())))).toEqual({ blog: ['update config.permalinks'] });
    await at.database.db.asTenant(at.cast.ada.tenantId, (tx) =>
      tx.execute(sql`update connectors set tags = '["x"]' where handle = 'blog'`),
    );
    expect(summary(await apply(fileWith(blog('    tags: [x]\n'))))).toEqual({ blog: ['note tags'] });
    expect(await textOf('/installed')).not.toContain('iffers from');
    await apply(fileWith(blog()));
  });

  it('can be taken over by an admin, which the file undoes', async () => {
    const id = await blogId();
    const url = `/connectors/${id}/management`;
    const fields = { _method: 'DELETE', _tenant: at.cast.ada.tenantId };
    expect((await at.post(at.cast.ben, url, fields)).status).toBe(403);
    expect(await textOf(url)).toContain('Take over Company blog?');
    expect((await at.post(at.cast.dan, url, fields)).status).toBe(303);
    expect((await at.post(at.cast.dan, url, fields)).status).toBe(409);
    const [{ version, managed_by }] = await installed(at);
    expect(managed_by).toBe(null);
    const changed = await at.as(at.cast.dan, 'PUT', `/api/connectors/${id}`, { version, name: 'Mended' });
    expect(changed.status).toBe(200);
    const detail = await textOf(`/connectors/${id}`);
    expect(detail).toContain('Dan took it over from the file patchbay.yaml TIME; applying the file takes it back.');
    expect(detail).toContain('Differs from the file since TIME: Name');
    // Whether a password that somebody enters is the file's, no page tells.
    const entered = {
      ...(await versionOf(changed)),
      auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst gues' },
    };
    expect((await at.as(at.cast.dan, 'PUT', `/api/connectors/${id}`, entered)).status).toBe(200);
    expect(await textOf('/installed')).not.toContain('gets another secret');
    const [event] = (await (await at.as(at.cast.ada, 'GET', '/api/audit?action=connector.taken_over')).json()).data;
    expect(event).toMatchObject({ actor: { name: 'Dan' }, details: { source: 'patchbay.yaml' } });
    expect(summary(await plan(fileWith(blog())))).toEqual({
      blog: ['adopt', 'update name', 'replace-secret auth.password'],
    });
    expect(summary(await plan(fileWith(''), { prune: true }))).toEqual({ blog: ['unmanage'] });
    await apply(fileWith(blog()));
    expect(await textOf(`/connectors/${id}`)).not.toContain('took it over');
  });
});
