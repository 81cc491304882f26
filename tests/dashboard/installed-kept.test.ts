import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConnection } from '../../src/db/connection.ts';
import { type TestApp, testApp } from '../support/app.ts';
import type { Person } from '../support/cast.ts';

let at: TestApp;
let blog: string;
let code: string;
beforeAll(async () => {
  at = await testApp({ BASE_URL: 'http://hub.localhost' });
  blog = await install('wordpress', 'Blog', {
    config: { site_url: 'https://blog.example.com' },
    auth: { method: 'basic', username: 'editor', password: 'abcd efgh ijkl mnop qrst uvwx' },
  });
  code = await install('github', 'Code', {
    config: {},
    auth: { method: 'oauth2', client_id: 'Ov23liAbCdEfGhIjKlMn', client_secret: 'a'.repeat(40) },
  });
});
afterAll(() => at.close());

async function install(key: string, name: string, values: object): Promise<string> {
  const made = await at.as(at.cast.ada, 'POST', '/api/connectors', { catalog_key: key, name, ...values });
  expect(made.status, await made.clone().text()).toBe(201);
  return (await made.json()).id;
}

/** As another hub, or an operator, changes what this process has read already. */
const elsewhere = (statement: string) => withConnection(at.database.admin, (sql) => sql.unsafe(statement).simple());

async function card(id: string, person: Person = at.cast.ada): Promise<string> {
  const html = await (await at.as(person, 'GET', '/installed')).text();
  const [, found = ''] = html.split(`<li id="connector-${id}">`);
  return found.split('</article>')[0]?.replace(/\s+/g, ' ') ?? '';
}

describe('what the page of connectors has read before', () => {
  it('counts no longer when a connector changes', async () => {
    expect(await card(blog)).toContain('>Blog</a>');
    await elsewhere(`update connectors set name = 'Journal', tags = '["read"]' where id = '${blog}'`);
    expect(await card(blog)).toMatch(/>Journal<\/a>.*<li class="tag">read</);
    await elsewhere(`update connector_catalog set name = 'WordPress sites' where key = 'wordpress'`);
    expect(await card(blog)).toContain('WordPress sites');
    await elsewhere(`update connectors set deleted_at = now() where id = '${blog}'`);
    expect(await card(blog)).toBe('');
    await elsewhere(`update connectors set deleted_at = null where id = '${blog}'`);
    expect(await card(blog)).toContain('>Journal</a>');
  });

  it('counts no longer when a secret or the data keys change', async () => {
    const lost = 'Could not be opened';
    expect(await card(blog)).not.toContain(lost);
    const path = `'{password,$sealed}'`;
    await elsewhere(`create table was as select id, auth from connectors;
      update connectors set auth = jsonb_set(auth, ${path}, to_jsonb('pb1.1.${'A'.repeat(80)}'::text)) where id = '${blog}'`);
    expect([await card(blog), await card(code)].map((html) => html.includes(lost))).toEqual([true, false]);
    await elsewhere(`update connectors c set auth = was.auth from was where was.id = c.id`);
    expect(await card(blog)).not.toContain(lost);
    await elsewhere(`create table keys_were as select id, wrapped from tenant_keys;
      update tenant_keys set wrapped = reverse(wrapped)`);
    expect([await card(blog), await card(code)].map((html) => html.includes(lost))).toEqual([true, true]);
    await elsewhere(`update tenant_keys k set wrapped = w.wrapped from keys_were w where w.id = k.id`);
    expect([await card(blog), await card(code)].map((html) => html.includes(lost))).toEqual([false, false]);
  });

  it('counts no longer when a check was made', async () => {
    expect(await card(blog)).toContain('No checks yet');
    const checked = (health: string, message: string) =>
      elsewhere(`begin;
        insert into health_checks (tenant_id, id, connection_id, status, latency_ms, steps, message, trigger)
          select tenant_id, gen_random_uuid(), id, '${health}', 5, '[]', '${message}', 'person'
          from connections where connector_id = '${blog}';
        update connections set health = '${health}', health_message = '${message}', health_checked_at = now()
          where connector_id = '${blog}';
        commit`);
    await elsewhere(`update connectors set status = 'active' where id = '${blog}'`);
    await checked('healthy', 'It answers.');
    expect(await card(blog)).toMatch(/Healthy.*Last check: all healthy/);
    await checked('unhealthy', 'It does not answer.');
    expect(await card(blog)).toMatch(/Needs attention.*Unhealthy.*Last 2 checks: 1 failed.*Check now/);
    await checked('healthy', 'It answers again.');
    expect(await card(blog)).toMatch(/Active.*Healthy.*Last 3 checks: 1 failed/);
  });

  it('counts no longer when an account comes, changes or goes', async () => {
    expect(await card(code)).toContain('No account is connected yet');
    await elsewhere(`insert into connections (tenant_id, id, connector_id, account_label, health)
      select tenant_id, gen_random_uuid(), id, 'octo-ada', 'healthy' from connectors where id = '${code}'`);
    expect(await card(code)).toContain('Signed in as octo-ada');
    await elsewhere(`update connections set account_label = 'octo-eve' where connector_id = '${code}'`);
    expect(await card(code)).toContain('Signed in as octo-eve');
    const personal = `update connections set user_id = '${at.cast.ada.id}' where connector_id = '${code}'`;
    expect(await card(code, at.cast.ben)).toContain('Signed in as octo-eve');
    await elsewhere(personal);
    expect([await card(code), await card(code, at.cast.ben)].map((html) => html.includes('octo-eve'))).toEqual([
      true,
      false,
    ]);
    await elsewhere(`delete from connections where connector_id = '${code}'`);
    expect(await card(code)).toContain('No account is connected yet');
  });

  it('is each person’s own, and what their role is now', async () => {
    const locked = 'Only owners and admins';
    const both = async () => [await card(blog), await card(blog, at.cast.ben)].map((html) => html.includes(locked));
    expect(await both()).toEqual([false, true]);
    await elsewhere(`update members set role = 'admin' where user_id = '${at.cast.ben.id}'`);
    expect(await both()).toEqual([false, false]);
    await elsewhere(`update members set role = 'member' where user_id = '${at.cast.ben.id}'`);
    expect(await both()).toEqual([false, true]);
  });
});
